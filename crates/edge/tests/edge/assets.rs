//! Static assets in front of a Worker's code, beside it, and without any.

use coffer_protocol::feed::VersionRecord;
use coffer_types::assets::{NotFoundHandling, RunWorkerFirst};
use coffer_types::{Asset, AssetManifest, Assets, AssetsConfig, Binding, BindingKind, Split};
use http::HeaderMap;

use crate::support::{DEADLINE, Plane, Site, Tenant, Worker};

/// Says that it is code, and which path it was asked for.
const CODE: &str =
    "export default { fetch: (request) => new Response(`code ${new URL(request.url).pathname}`) };";
/// Hands every request to the assets and marks the answer.
const ASKS: &str = r#"export default { async fetch(request, env) {
    const response = await env.ASSETS.fetch(request);
    const marked = new Response(response.body, response);
    marked.headers.set("x-code", "yes");
    return marked;
} };"#;

/// Whether larger files than are kept in memory are needed: one over the bound.
const LARGE_BYTES: usize = 3 * 1024 * 1024 + 17;

fn large() -> Vec<u8> {
    let pattern = |index: usize| u8::try_from(index % 251).unwrap();
    (0..LARGE_BYTES).map(pattern).collect()
}

fn assets(plane: &Plane, files: &[(&str, &[u8])], config: AssetsConfig) -> Assets {
    let mut manifest = AssetManifest::default();
    for (path, content) in files {
        let asset = Asset {
            digest: plane.blob(content),
            size: content.len() as u64,
            content_type: path
                .ends_with(".html")
                .then(|| "text/html; charset=utf-8".to_owned()),
        };
        manifest.0.insert((*path).to_owned(), asset);
    }
    Assets {
        manifest: plane.blob(&serde_json::to_vec(&manifest).unwrap()),
        config,
    }
}

/// Makes a version and deploys it.
fn deploy(
    worker: &mut Worker,
    code: Option<&str>,
    assets: Assets,
    bindings: Vec<Binding>,
) -> VersionRecord {
    let mut version = worker.version(code.unwrap_or_default(), bindings);
    if code.is_none() {
        version.main_module = None;
        version.modules.clear();
    }
    version.assets = Some(assets);
    worker.add_version(&version);
    worker.deploy(Split::whole(version.version_id));
    version
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(
    site: &Site,
    host: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let mut request = client
        .request(
            method.parse().unwrap(),
            format!("http://{}{path}", site.address),
        )
        .header("host", host);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.bytes().await.unwrap().to_vec(),
    }
}

async fn get(site: &Site, host: &str, path: &str) -> Answer {
    ask(site, host, "GET", path, &[]).await
}

/// Waits until the host answers at all.
async fn answers(site: &Site, host: &str) {
    let asking = async {
        while get(site, host, "/").await.header("cf-ray").is_empty()
            || get(site, host, "/").await.text().contains("error 101")
        {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_served_without_any_code() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut worker = tenant.idle_worker("files");
    let large = large();
    let files: [(&str, &[u8]); 4] = [
        ("/index.html", b"<h1>home</h1>"),
        ("/page.html", b"page"),
        ("/large.bin", &large),
        ("/empty", b""),
    ];
    let config = AssetsConfig {
        headers: Some("/*\n  X-Set: yes\n/page\n  ! Cache-Control\n".to_owned()),
        redirects: Some("/old/* /page 301\n".to_owned()),
        ..AssetsConfig::default()
    };
    deploy(
        &mut worker,
        None,
        assets(&plane, &files, config),
        Vec::new(),
    );
    let (site, host) = (Site::start(&plane), worker.host());
    answers(&site, &host).await;

    let home = get(&site, &host, "/").await;
    assert_eq!((home.status, home.text().as_str()), (200, "<h1>home</h1>"));
    assert_eq!(home.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(
        home.header("cache-control"),
        "public, max-age=0, must-revalidate"
    );
    assert_eq!(
        (home.header("x-set"), home.header("content-length")),
        ("yes", "13")
    );
    let tag = home.header("etag").to_owned();
    for known in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"x\", {tag}"),
        "*".to_owned(),
    ] {
        let same = ask(&site, &host, "GET", "/", &[("if-none-match", &known)]).await;
        assert_eq!((same.status, same.body.len()), (304, 0), "{known}");
    }
    let other = ask(&site, &host, "GET", "/", &[("if-none-match", "\"x\"")]).await;
    assert_eq!(other.status, 200);

    let page = get(&site, &host, "/page.html?q=1").await;
    assert_eq!((page.status, page.header("location")), (307, "/page?q=1"));
    assert_eq!(get(&site, &host, "/page").await.header("cache-control"), "");
    let moved = get(&site, &host, "/old/x").await;
    assert_eq!((moved.status, moved.header("location")), (301, "/page"));
    assert_eq!(get(&site, &host, "/nothing").await.status, 404);
    assert_eq!(ask(&site, &host, "POST", "/", &[]).await.status, 405);
    let empty = get(&site, &host, "/empty").await;
    assert_eq!((empty.status, empty.header("content-type")), (200, ""));
    assert!(
        site.processes().is_empty(),
        "no process is needed for files"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_files_are_served_from_memory_and_from_disk() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut worker = tenant.idle_worker("files");
    let (large, small) = (large(), large()[..1000].to_vec());
    let files: [(&str, &[u8]); 2] = [("/large", &large), ("/small", &small)];
    deploy(
        &mut worker,
        None,
        assets(&plane, &files, AssetsConfig::default()),
        Vec::new(),
    );
    let (mut site, host) = (Site::start(&plane), worker.host());
    answers(&site, &host).await;
    for (path, content) in files {
        let whole = get(&site, &host, path).await;
        assert!(whole.status == 200 && whole.body == content, "{path}");
        let length = content.len();
        let tag = whole.header("etag").to_owned();
        for (range, start, end) in [
            ("bytes=0-0".to_owned(), 0, 1),
            ("bytes=100-899".to_owned(), 100, 900),
            (format!("bytes={}-", length - 7), length - 7, length),
            ("bytes=-5".to_owned(), length - 5, length),
        ] {
            let part = ask(&site, &host, "GET", path, &[("range", &range)]).await;
            assert_eq!(part.status, 206, "{path} {range}");
            assert!(part.body == content[start..end], "{path} {range}");
            let told = format!("bytes {start}-{}/{length}", end - 1);
            assert_eq!(part.header("content-range"), told);
        }
        let outside = format!("bytes={length}-");
        let refused = ask(&site, &host, "GET", path, &[("range", &outside)]).await;
        assert_eq!((refused.status, refused.body.len()), (416, 0));
        assert_eq!(refused.header("content-range"), format!("bytes */{length}"));
        for (if_range, status) in [(tag.as_str(), 206), ("\"other\"", 200)] {
            let headers = [("range", "bytes=0-0"), ("if-range", if_range)];
            assert_eq!(
                ask(&site, &host, "GET", path, &headers).await.status,
                status
            );
        }
        let head = ask(&site, &host, "HEAD", path, &[]).await;
        assert_eq!(
            (head.status, head.header("content-length")),
            (200, length.to_string().as_str())
        );
    }
    // What was deployed is here, whether or not the control plane is.
    plane.set_away(true);
    site.restart().await;
    answers(&site, &host).await;
    assert!(get(&site, &host, "/large").await.body == large);
    assert!(get(&site, &host, "/small").await.body == small);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_leads_out_of_the_files() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut worker = tenant.idle_worker("files");
    let files: [(&str, &[u8]); 2] = [("/index.html", b"home"), ("/a b/ü.txt", b"text")];
    deploy(
        &mut worker,
        None,
        assets(&plane, &files, AssetsConfig::default()),
        Vec::new(),
    );
    let (site, host) = (Site::start(&plane), worker.host());
    answers(&site, &host).await;
    assert_eq!(get(&site, &host, "/a%20b/%C3%BC.txt").await.text(), "text");
    let doubled = get(&site, &host, "//a%20b//%C3%BC.txt").await;
    assert_eq!(
        (doubled.status, doubled.header("location")),
        (307, "/a%20b/%C3%BC.txt")
    );
    for path in [
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/..%5c..%5cetc",
        "/%00",
        "/index.html%00.txt",
        "/%ff%fe",
        "/%",
        "/a%20b",
        "/blobs",
        "/etc/passwd",
    ] {
        let answer = get(&site, &host, path).await;
        assert_eq!((answer.status, answer.body.len()), (404, 0), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_before_the_code_unless_it_is_to_run_first() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let files: [(&str, &[u8]); 3] = [
        ("/index.html", b"home"),
        ("/api/doc.txt", b"doc"),
        ("/api/open/doc.txt", b"open"),
    ];
    let host_of = |name: &str, run_worker_first, not_found_handling| {
        let mut worker = tenant.idle_worker(name);
        let config = AssetsConfig {
            run_worker_first,
            not_found_handling,
            ..AssetsConfig::default()
        };
        deploy(
            &mut worker,
            Some(CODE),
            assets(&plane, &files, config),
            Vec::new(),
        );
        worker.host()
    };
    let single_page = NotFoundHandling::SinglePageApplication;
    let paths = ["/api/*", "!/api/open/*"].map(str::to_owned).to_vec();
    let default = host_of("default", RunWorkerFirst::default(), NotFoundHandling::None);
    let first = host_of(
        "first",
        RunWorkerFirst::Always(true),
        NotFoundHandling::None,
    );
    let some = host_of("some", RunWorkerFirst::Paths(paths), single_page);
    let page = host_of("page", RunWorkerFirst::default(), single_page);
    let site = Site::start(&plane);
    for host in [&default, &first, &some, &page] {
        answers(&site, host).await;
    }
    for (host, path, expected) in [
        (&default, "/", "home"),
        (&default, "/api/doc.txt", "doc"),
        (&default, "/other", "code /other"),
        (&first, "/", "code /"),
        (&first, "/api/doc.txt", "code /api/doc.txt"),
        (&some, "/", "home"),
        (&some, "/api/doc.txt", "code /api/doc.txt"),
        (&some, "/api/open/doc.txt", "open"),
        (&some, "/other", "home"),
        (&page, "/other", "code /other"),
    ] {
        assert_eq!(
            get(&site, host, path).await.text(),
            expected,
            "{host}{path}"
        );
    }
    // A page that a browser opens is the application's, whatever its path.
    let opened = ask(
        &site,
        &page,
        "GET",
        "/other",
        &[("sec-fetch-mode", "navigate")],
    )
    .await;
    assert_eq!(opened.text(), "home");
    let posted = ask(&site, &default, "POST", "/other", &[]).await;
    assert_eq!(posted.text(), "code /other");
}

#[tokio::test(flavor = "multi_thread")]
async fn code_asks_for_its_own_assets_and_other_workers_for_theirs() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let large = large();
    let files: [(&str, &[u8]); 3] = [
        ("/index.html", b"home"),
        ("/404.html", b"nothing"),
        ("/large", &large),
    ];
    let config = AssetsConfig {
        run_worker_first: RunWorkerFirst::Always(true),
        not_found_handling: NotFoundHandling::NotFoundPage,
        ..AssetsConfig::default()
    };
    let binding = |name: &str, kind| Binding {
        name: name.parse().unwrap(),
        kind,
    };
    let mut worker = tenant.idle_worker("asking");
    let own = vec![binding("ASSETS", BindingKind::Assets {})];
    deploy(&mut worker, Some(ASKS), assets(&plane, &files, config), own);
    let mut quiet = tenant.idle_worker("quiet");
    deploy(
        &mut quiet,
        None,
        assets(&plane, &files[..1], AssetsConfig::default()),
        Vec::new(),
    );
    let calls = "export default { fetch: (request, env) => env.QUIET.fetch(request) };";
    let service = BindingKind::Service {
        service: "quiet".parse().unwrap(),
    };
    let caller = tenant.worker("caller", calls, vec![binding("QUIET", service)]);

    let (site, host) = (Site::start(&plane), worker.host());
    answers(&site, &host).await;
    let home = get(&site, &host, "/").await;
    assert_eq!(
        (home.text().as_str(), home.header("x-code")),
        ("home", "yes")
    );
    let missing = get(&site, &host, "/x/y").await;
    assert_eq!((missing.status, missing.text().as_str()), (404, "nothing"));
    let whole = get(&site, &host, "/large").await;
    assert!(whole.body == large && whole.header("x-code") == "yes");
    answers(&site, &caller.host()).await;
    assert_eq!(get(&site, &caller.host(), "/").await.text(), "home");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_takes_over_when_its_files_are_here() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut worker = tenant.idle_worker("files");
    let of = |text: &'static str| {
        assets(
            &plane,
            &[("/index.html", text.as_bytes())],
            AssetsConfig::default(),
        )
    };
    let first = deploy(&mut worker, None, of("one"), Vec::new());
    let (site, host) = (Site::start(&plane), worker.host());
    site.fetch_text(&host, "/", "one").await;
    deploy(&mut worker, None, of("two"), Vec::new());
    site.fetch_text(&host, "/", "two").await;
    deploy(&mut worker, Some(CODE), of("three"), Vec::new());
    site.fetch_text(&host, "/", "three").await;
    site.fetch_text(&host, "/x", "code /x").await;
    let preview = format!("{}-{host}", first.version_id.short());
    site.fetch_text(&preview, "/", "one").await;
}
