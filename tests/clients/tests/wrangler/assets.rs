//! `wrangler deploy` of a directory of static assets: without code, beside code, first and again.

use coffer_testkit::{Instance, Reply, wait};
use serde_json::json;

use crate::client::Wrangler;
use crate::deploy::{deploy, reply_where};
use crate::project::Project;

/// Answers for what is no file, and hands `/asked/…` to the assets by itself.
const CODE: &str = r#"
export default {
    async fetch(request, env) {
        const url = new URL(request.url);
        if (url.pathname.startsWith("/asked/")) {
            url.pathname = url.pathname.slice("/asked".length);
            const response = await env.FILES.fetch(new Request(url, request));
            return new Response(`asked: ${await response.text()}`, { status: response.status });
        }
        return new Response(`code ${url.pathname}`);
    },
};
"#;

async fn get(instance: &Instance, worker: &str, path: &str) -> Reply {
    instance.gateway().get(worker, path).await.unwrap()
}

/// Waits until a path is answered with a text.
async fn answers(instance: &Instance, worker: &str, path: &str, text: &str) {
    let gateway = instance.gateway();
    wait::until(
        &format!("{worker}{path} to be {text:?}"),
        async || match gateway.get(worker, path).await {
            Ok(reply) if reply.text == text => Ok(()),
            other => Err(format!("{other:?}")),
        },
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn a_directory_is_a_worker_and_only_what_changed_is_sent_again() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = Project::new(json!({
        "name": "pages",
        "assets": { "directory": "public", "not_found_handling": "404-page" },
    }))
    .with("public/index.html", "<h1>home</h1>")
    .with("public/about.html", "about")
    .with("public/404.html", "nothing here")
    .with("public/deep/ü b.txt", "text")
    .with("public/data.bin", (0..=255).collect::<Vec<u8>>())
    .with("public/_headers", "/about\n  X-Mine: yes\n")
    .with("public/_redirects", "/old /about 301\n");
    deploy(&wrangler, &project).await.succeeded().says(&[
        "Found 5 new or modified static assets to upload",
        "Uploaded pages",
    ]);
    let home = reply_where(&instance, "pages", |reply| reply.status == 200).await;
    assert_eq!(home.text, "<h1>home</h1>");
    assert_eq!(home.headers["content-type"], "text/html; charset=utf-8");
    let about = get(&instance, "pages", "/about").await;
    assert_eq!(
        (about.text.as_str(), &about.headers["x-mine"]),
        ("about", &"yes".parse().unwrap())
    );
    assert_eq!(get(&instance, "pages", "/old").await.text, "about");
    assert_eq!(
        get(&instance, "pages", "/deep/%C3%BC%20b.txt").await.text,
        "text"
    );
    let missing = get(&instance, "pages", "/none").await;
    assert_eq!(
        (missing.status, missing.text.as_str()),
        (404, "nothing here")
    );

    deploy(&wrangler, &project)
        .await
        .succeeded()
        .says(&["No updated asset files to upload"]);
    project.write("public/about.html", "changed");
    deploy(&wrangler, &project)
        .await
        .succeeded()
        .says(&[
            "Found 1 new or modified static asset to upload",
            "+ /about.html",
        ])
        .never_says("+ /index.html");
    answers(&instance, "pages", "/about", "changed").await;
    assert_eq!(get(&instance, "pages", "/").await.text, "<h1>home</h1>");
}

#[tokio::test]
async fn code_runs_where_no_file_is_and_asks_for_files_itself() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let configuration = |first: serde_json::Value| {
        json!({
            "name": "site",
            "main": "src/index.js",
            "assets": { "directory": "public", "binding": "FILES", "run_worker_first": first },
        })
    };
    let project = Project::new(configuration(json!(["/asked/*"])))
        .with("src/index.js", CODE)
        .with("public/index.html", "home")
        .with("public/api/doc.txt", "doc");
    deploy(&wrangler, &project)
        .await
        .succeeded()
        .says(&["env.FILES", "Assets"]);
    answers(&instance, "site", "/", "home").await;
    for (path, text) in [
        ("/api/doc.txt", "doc"),
        ("/other", "code /other"),
        ("/asked/api/doc.txt", "asked: doc"),
    ] {
        answers(&instance, "site", path, text).await;
    }
    // A secret's version and a version that is uploaded and deployed by itself keep the files.
    let put = ["secret", "put", "KEY"];
    wrangler
        .run_in(project.path(), &put, "value")
        .await
        .succeeded();
    answers(&instance, "site", "/api/doc.txt", "doc").await;
    project.write("public/api/doc.txt", "second");
    let uploaded = wrangler
        .run_in(project.path(), &["versions", "upload"], "")
        .await
        .succeeded();
    let version = uploaded.after("Worker Version ID:").to_owned();
    answers(&instance, "site", "/api/doc.txt", "doc").await;
    let all = format!("{version}@100");
    wrangler
        .run_in(project.path(), &["versions", "deploy", &all, "--yes"], "")
        .await
        .succeeded();
    answers(&instance, "site", "/api/doc.txt", "second").await;
}
