//! Pages projects: which deployment answers at which host, and how files and functions divide requests.

use coffer_crypto::SystemRandom;
use coffer_protocol::feed::{PagesProjectRecord, Record, Subject, VersionRecord};
use coffer_types::assets::{NotFoundHandling, RunWorkerFirst};
use coffer_types::{
    Asset, AssetManifest, Assets, AssetsConfig, Binding, BindingKind, PagesProjectId, VersionId,
};

use crate::support::{Plane, Site, Tenant, Worker, until};

/// What the client's build makes of `functions/`: code first, files by `next()`.
const FUNCTIONS: &str = r#"export default { async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/files/")) return env.ASSETS.fetch(request);
    console.log("uses", env.API_KEY);
    return new Response(`${env.LABEL} ${env.API_KEY} ${pathname}`);
} };"#;

/// A project whose deployments are versions of a Worker without a record.
struct Project {
    plane: std::sync::Arc<Plane>,
    worker: Worker,
    record: PagesProjectRecord,
}

impl Project {
    fn new(tenant: &Tenant, label: &str) -> Self {
        let project_id = PagesProjectId::random(&SystemRandom);
        let mut worker = tenant.idle_worker(label);
        worker.record.worker_id = project_id.worker_id();
        let project = Self {
            plane: std::sync::Arc::clone(&tenant.plane),
            record: PagesProjectRecord {
                account_id: worker.record.account_id,
                project_id,
                worker_id: project_id.worker_id(),
                label: label.to_owned(),
                production: None,
                branches: Vec::new(),
            },
            worker,
        };
        project.put();
        project
    }

    fn put(&self) {
        self.plane.put(Record::PagesProject(self.record.clone()));
    }

    /// A deployment of functions that say this label and this secret.
    fn functions(&mut self, label: &str, secret: &str, assets: Option<Assets>) -> VersionRecord {
        let binding = |name: &str, kind| Binding {
            name: name.parse().unwrap(),
            kind,
        };
        let text = label.to_owned();
        let mut bindings = vec![binding("LABEL", BindingKind::PlainText { text })];
        if assets.is_some() {
            bindings.push(binding("ASSETS", BindingKind::Assets {}));
        }
        let mut version = self.worker.version(FUNCTIONS, bindings);
        self.worker.add_secret(&mut version, "API_KEY", secret);
        version.assets = assets;
        self.worker.add_version(&version);
        version
    }

    /// A deployment of files only.
    fn files(&mut self, assets: Assets) -> VersionRecord {
        let mut version = self.worker.version("", Vec::new());
        version.main_module = None;
        version.modules.clear();
        version.assets = Some(assets);
        self.worker.add_version(&version);
        version
    }

    fn promote(&mut self, version_id: VersionId) {
        self.record.production = Some(version_id);
        self.put();
    }

    fn host(&self) -> String {
        format!("{}.pages.localhost", self.record.label)
    }

    fn host_of(&self, version: &VersionRecord) -> String {
        format!("{}.{}", version.version_id.short(), self.host())
    }
}

fn assets(plane: &Plane, files: &[(&str, &str)], config: AssetsConfig) -> Assets {
    let mut manifest = AssetManifest::default();
    for (path, content) in files {
        let asset = Asset {
            digest: plane.blob(content.as_bytes()),
            size: content.len() as u64,
            content_type: path.ends_with(".html").then(|| "text/html".to_owned()),
        };
        manifest.0.insert((*path).to_owned(), asset);
    }
    Assets {
        manifest: plane.blob(&serde_json::to_vec(&manifest).unwrap()),
        config,
    }
}

/// A response that is not followed, with its headers.
async fn response(site: &Site, host: &str, path: &str) -> reqwest::Response {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let request = client.get(format!("http://{}{path}", site.address));
    request.header("host", host).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_host_has_its_deployment_and_production_moves_on() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut project = Project::new(&tenant, "shop");
    let site = Site::start(&plane);
    site.fetch_until(&project.host(), "/", |answer| {
        answer.status == 404 && answer.text.contains("Coffer error 1015")
    })
    .await;

    let first = project.functions("first", "old", None);
    project.promote(first.version_id);
    let host = project.host();
    site.fetch_text(&host, "/x", "first old /x").await;
    let preview = project.functions("preview", "dev", None);
    project.record.branches = vec![("my-branch".to_owned(), preview.version_id)];
    let second = project.functions("second", "new", None);
    project.promote(second.version_id);
    site.fetch_text(&host, "/", "second new /").await;
    site.fetch_text(&format!("my-branch.{host}"), "/", "preview dev /")
        .await;
    // The old one stays where its own name is, with the value it was made with.
    for (version, text) in [
        (&first, "first old /"),
        (&second, "second new /"),
        (&preview, "preview dev /"),
    ] {
        assert_eq!(site.fetch(&project.host_of(version), "/").await.text, text);
    }
    for unknown in [
        format!("none.{host}"),
        format!("00000000.{host}"),
        format!("a.my-branch.{host}"),
        "other.pages.localhost".to_owned(),
        format!("{}-{host}", first.version_id.short()),
    ] {
        let answer = site.fetch(&unknown, "/").await;
        assert_eq!(answer.status, 404, "{unknown}");
        assert!(answer.text.contains("error 1015"), "{unknown}: {answer:?}");
    }
    // Another account's Worker is not reached as a project, nor a project as a Worker.
    assert!(
        site.fetch("shop.dev.localhost", "/")
            .await
            .text
            .contains("error 1011")
    );

    // A branch may be called like a deployment: what is named by its id stays.
    project.record.branches = vec![(first.version_id.short(), preview.version_id)];
    project.put();
    site.fetch_until(&format!("my-branch.{host}"), "/", |one| one.status == 404)
        .await;
    let answer = site.fetch(&project.host_of(&first), "/").await;
    assert_eq!(answer.text, "first old /");

    plane.remove(Subject::PagesProject(project.record.project_id));
    for version in [&first, &second, &preview] {
        plane.remove(Subject::Version(version.version_id));
    }
    site.fetch_until(&host, "/", |answer| answer.status == 404)
        .await;
    until("no process to run", || site.processes().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_does_not_start_takes_nothing_and_one_under_load_loses_nothing() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut project = Project::new(&tenant, "shop");
    let first = project.functions("first", "a", None);
    project.promote(first.version_id);
    let site = Site::start(&plane);
    let host = project.host();
    site.fetch_text(&host, "/", "first a /").await;
    let mut broken = project.worker.version("this is no code", Vec::new());
    broken.number = 9;
    project.worker.add_version(&broken);
    project.promote(broken.version_id);
    site.fetch_until(&project.host_of(&broken), "/", |one| one.status == 503)
        .await;
    assert_eq!(site.fetch(&host, "/").await.text, "first a /");

    let second = project.functions("second", "b", None);
    project.promote(second.version_id);
    site.fetch_until(&host, "/", |answer| {
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text == "second b /"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_project_starts_no_process_and_is_served_as_pages_are() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut project = Project::new(&tenant, "docs");
    let site = Site::start(&plane);
    let config = AssetsConfig {
        not_found_handling: NotFoundHandling::NotFoundPage,
        headers: Some("/open\n  X-Mine: yes\n  ! Access-Control-Allow-Origin\n".to_owned()),
        redirects: Some("/old /open 301\n".to_owned()),
        ..AssetsConfig::default()
    };
    let files = [
        ("/index.html", "home"),
        ("/open.html", "open"),
        ("/404.html", "nothing"),
    ];
    let version = project.files(assets(&plane, &files, config));
    project.promote(version.version_id);
    let host = project.host();
    site.fetch_text(&host, "/", "home").await;
    let home = response(&site, &host, "/").await;
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("x-content-type-options", "nosniff"),
        ("content-type", "text/html; charset=utf-8"),
    ] {
        assert_eq!(home.headers()[name], value);
    }
    let open = response(&site, &host, "/open").await;
    assert_eq!(open.headers()["x-mine"], "yes");
    assert!(!open.headers().contains_key("access-control-allow-origin"));
    for (path, status, location) in [
        ("/open.html", 308, "/open"),
        ("/index.html?a=1", 308, "/?a=1"),
        ("/old", 301, "/open"),
    ] {
        let sent = response(&site, &host, path).await;
        assert_eq!(sent.status().as_u16(), status, "{path}");
        assert_eq!(sent.headers()["location"], location, "{path}");
    }
    let missing = site.fetch(&host, "/none").await;
    assert_eq!((missing.status, missing.text.as_str()), (404, "nothing"));
    assert_eq!(
        site.fetch(&project.host_of(&version), "/").await.text,
        "home"
    );

    let single = AssetsConfig {
        not_found_handling: NotFoundHandling::SinglePageApplication,
        ..AssetsConfig::default()
    };
    let second = project.files(assets(&plane, &[("/index.html", "app")], single));
    project.promote(second.version_id);
    site.fetch_text(&host, "/any/path", "app").await;
    assert_eq!(site.processes(), [] as [u32; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_decide_which_requests_are_for_functions() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut project = Project::new(&tenant, "mixed");
    let site = Site::start(&plane);
    let files = [
        ("/index.html", "home"),
        ("/api/public/doc.txt", "doc"),
        ("/files/a.txt", "a file"),
    ];
    let routes = ["/api/*", "/files/*", "!/api/public/*"].map(str::to_owned);
    let config = AssetsConfig {
        run_worker_first: RunWorkerFirst::Paths(routes.to_vec()),
        ..AssetsConfig::default()
    };
    let version = project.functions("f", "s", Some(assets(&plane, &files, config)));
    project.promote(version.version_id);
    let host = project.host();
    site.fetch_text(&host, "/", "home").await;
    for (path, status, text) in [
        ("/api", 200, "f s /api"),
        ("/api/a", 200, "f s /api/a"),
        ("/api/public/doc.txt", 200, "doc"),
        ("/api/public/none", 404, ""),
        ("/api/public", 404, ""),
        ("/apix", 404, ""),
        ("/files/a.txt", 200, "a file"),
        ("/files/none", 404, ""),
        ("/none", 404, ""),
    ] {
        let answer = site.fetch(&host, path).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (status, text),
            "{path}"
        );
    }
    // Without routes every request is for the functions.
    let config = AssetsConfig {
        run_worker_first: RunWorkerFirst::Always(true),
        ..AssetsConfig::default()
    };
    let all = project.functions("all", "s", Some(assets(&plane, &files, config)));
    project.promote(all.version_id);
    site.fetch_text(&host, "/", "all s /").await;
    assert_eq!(site.fetch(&host, "/files/a.txt").await.text, "a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_reads_every_deployment_and_no_secret() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut project = Project::new(&tenant, "shop");
    let live = project.functions("live", "sk_live_marked", None);
    let preview = project.functions("preview", "sk_test_marked", None);
    project.record.branches = vec![("dev".to_owned(), preview.version_id)];
    project.promote(live.version_id);
    let site = Site::start(&plane);
    let host = project.host();
    let branch = format!("dev.{host}");
    site.fetch_text(&host, "/", "live sk_live_marked /").await;
    site.fetch_text(&branch, "/", "preview sk_test_marked /")
        .await;
    let id = project.record.worker_id;
    site.followers.follow(id).await;
    for (count, (host, version)) in [(&host, &live), (&branch, &preview)].iter().enumerate() {
        site.fetch(host, "/told").await;
        let events = site.followers.wait_for(id, count + 1).await;
        let event = &events[count];
        assert_eq!(event["scriptVersion"]["id"], version.version_id.to_string());
        assert_eq!(event["logs"][0]["message"][1], "REDACTED");
        assert!(!event.to_string().contains("marked"), "{event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_outlive_the_control_plane() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut project = Project::new(&tenant, "kept");
    let live = project.functions("live", "s", None);
    project.record.branches = vec![("dev".to_owned(), live.version_id)];
    project.promote(live.version_id);
    let mut site = Site::start(&plane);
    let host = project.host();
    site.fetch_text(&host, "/", "live s /").await;
    plane.set_away(true);
    site.restart().await;
    for host in [host.clone(), format!("dev.{host}"), project.host_of(&live)] {
        assert_eq!(site.fetch(&host, "/").await.text, "live s /", "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn search_engines_are_told_to_leave_previews_out() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut project = Project::new(&tenant, "shop");
    let config = AssetsConfig {
        headers: Some("/*\n  X-Robots-Tag: nofollow\n".to_owned()),
        ..AssetsConfig::default()
    };
    let files = project.files(assets(&plane, &[("/index.html", "home")], config));
    let code = project.functions("code", "value", None);
    project.record.branches = vec![("my-branch".to_owned(), code.version_id)];
    project.promote(files.version_id);
    let site = Site::start(&plane);
    let host = project.host();
    let branch = format!("my-branch.{host}");
    site.fetch_text(&host, "/", "home").await;
    site.fetch_text(&branch, "/", "code value /").await;
    for (host, said) in [
        (&host, &["nofollow"][..]),
        (&project.host_of(&files), &["nofollow", "noindex"]),
        (&branch, &["noindex"]),
        (&project.host_of(&code), &["noindex"]),
    ] {
        let answer = response(&site, host, "/").await;
        let tags = answer.headers().get_all("x-robots-tag");
        let tags: Vec<_> = tags.iter().map(|tag| tag.to_str().unwrap()).collect();
        assert_eq!(tags, said, "{host}");
    }
    project.promote(code.version_id);
    site.fetch_text(&host, "/", "code value /").await;
    let answer = response(&site, &host, "/").await;
    assert_eq!(answer.headers().get("x-robots-tag"), None);
}
