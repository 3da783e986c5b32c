//! Deployments through the real router.

mod files;
mod live;
mod refused;
mod resealed;
mod secrets;

use axum::http::Method;
use coffer_protocol::feed::ChangeSource;
use coffer_types::assets::{NotFoundHandling, RunWorkerFirst};
use coffer_types::{AssetManifest, BindingKind};
use serde_json::{Value, json};

use crate::api::pages::testing::{
    DEPLOYMENTS, SITE, bundle, bundle_of, file, form, hash, id_of, sent,
};
use crate::testing::{TestApp, result, text_at};

#[tokio::test]
async fn a_directory_is_deployed_as_wrangler_does_it() {
    let app = TestApp::with_site().await;
    let files = [("/index.html", "<h1>x</h1>"), ("/a.css", "body{}")];
    let hashes = files.map(|(path, content)| hash(path, content));
    let token = app.upload_token("site").await;
    let claims: Vec<&str> = token.split('.').collect();
    assert_eq!(claims.len(), 3);

    let about = json!({ "hashes": hashes });
    let missing = app
        .about_files(&token, "check-missing", about.clone())
        .await;
    assert_eq!(result(&missing), &json!(hashes));
    let kept = app
        .about_files(
            &token,
            "upload",
            json!(files.map(|(path, content)| sent(path, content))),
        )
        .await;
    let expected = json!({ "successful_key_count": 2, "unsuccessful_keys": [] });
    assert_eq!(result(&kept), &expected);
    let missing = app
        .about_files(&token, "check-missing", about.clone())
        .await;
    assert_eq!(result(&missing), &json!([]));
    let upserted = app.about_files(&token, "upsert-hashes", about).await;
    assert_eq!(result(&upserted), &Value::Null);

    let form = form(&files)
        .field("branch", "main")
        .field("commit_message", "msg")
        .field("commit_hash", "0123456789abcdef0123456789abcdef01234567")
        .field("commit_dirty", "true")
        .field("pages_build_output_dir", "dist");
    let form = file(form, "_headers", "/*\n  x-one: 1\n");
    let form = file(form, "_redirects", "/old /new 301\n");
    let answer = app.deploy_form(form).await;
    let deployment = result(&answer).clone();
    let short = text_at(&deployment, "/short_id");
    assert_eq!(short, id_of(&deployment).to_string()[..8]);
    assert_eq!(
        deployment["url"],
        format!("http://{short}.site.pages.localhost:7080")
    );
    assert_eq!(deployment["environment"], "production");
    assert_eq!(deployment["latest_stage"]["name"], "deploy");
    assert_eq!(deployment["latest_stage"]["status"], "success");
    assert_eq!(
        deployment["deployment_trigger"],
        json!({ "type": "ad_hoc", "metadata": {
            "branch": "main", "commit_hash": "0123456789abcdef0123456789abcdef01234567",
            "commit_message": "msg", "commit_dirty": true,
        } })
    );
    assert_eq!(deployment["uses_functions"], false);
    assert_eq!(deployment["aliases"], Value::Null);
    let found = app
        .request(
            Method::GET,
            &format!("{DEPLOYMENTS}/{}", id_of(&deployment)),
            None,
        )
        .await;
    assert_eq!(result(&found), &deployment);
    let project = app.request(Method::GET, SITE, None).await;
    assert_eq!(result(&project)["latest_deployment"], deployment);
    assert_eq!(result(&project)["canonical_deployment"], deployment);
    assert_eq!(result(&project)["uses_functions"], false);

    let told = app.told(&deployment).await.unwrap();
    assert_eq!(told.main_module, None);
    assert!(told.bindings.is_empty() && told.secrets.is_empty());
    assert_eq!(told.worker_name.as_str(), "site");
    let assets = told.assets.unwrap();
    assert_eq!(assets.config.headers.as_deref(), Some("/*\n  x-one: 1\n"));
    assert_eq!(assets.config.redirects.as_deref(), Some("/old /new 301\n"));
    assert_eq!(
        assets.config.not_found_handling,
        NotFoundHandling::SinglePageApplication
    );
    let manifest = app.engine.blob(assets.manifest).await.unwrap();
    let manifest: AssetManifest = serde_json::from_slice(&manifest).unwrap();
    let paths: Vec<_> = manifest.0.keys().collect();
    assert_eq!(paths, ["/a.css", "/index.html"]);
    let served = &manifest.0["/index.html"];
    assert_eq!(served.content_type.as_deref(), Some("text/html"));
    assert_eq!(app.engine.blob(served.digest).await.unwrap(), "<h1>x</h1>");
    let told = app.told_project("site").await.unwrap();
    assert_eq!(told.production, Some(id_of(&deployment)));
    assert!(told.branches.is_empty());
}

#[tokio::test]
async fn code_runs_with_what_its_bundle_and_its_environment_have() {
    let app = TestApp::with_site().await;
    let variables = json!({ "deployment_configs": {
        "production": { "env_vars": {
            "URL": { "value": "https://one.example" },
            "BOTH": { "value": "environment" },
            "CF_PAGES_MODE": { "value": "mine" },
            "KEY": { "type": "secret_text", "value": "marked-canary" },
        }, "compatibility_date": "2026-02-03", "compatibility_flags": ["nodejs_compat"] },
        "preview": { "env_vars": { "KEY": { "type": "secret_text", "value": "preview-canary" } } },
    } });
    result(&app.request(Method::PATCH, SITE, Some(variables)).await);
    let own = json!([
        { "name": "BOTH", "type": "plain_text", "text": "bundle" },
        { "name": "JSON", "type": "json", "json": { "a": 1 } },
        { "name": "OWN", "type": "secret_text", "text": "own-canary" },
    ]);
    let routes = r#"{"version":1,"include":["/api/*"],"exclude":["/api/static"]}"#;
    let form = file(form(&[]), "_worker.bundle", &bundle(&own));
    let form = file(form, "_routes.json", routes).field("commit_hash", "abc");
    let answer = app.deploy_form(form).await;
    assert!(!answer.2.to_string().contains("canary"), "{}", answer.2);
    let deployment = result(&answer).clone();
    assert_eq!(deployment["uses_functions"], true);
    assert_eq!(deployment["compatibility_date"], "2026-02-03");
    assert_eq!(
        deployment["env_vars"],
        json!({
            "BOTH": { "type": "plain_text", "value": "bundle" },
            "CF_PAGES_MODE": { "type": "plain_text", "value": "mine" },
            "KEY": { "type": "secret_text", "value": "" },
            "OWN": { "type": "secret_text", "value": "" },
            "URL": { "type": "plain_text", "value": "https://one.example" },
        })
    );

    // What was tried is what an edge is told.
    let told = app.told(&deployment).await.unwrap();
    let tried = app.start_check.asked().last().unwrap().clone();
    assert_eq!(tried.version_id, told.version_id);
    assert_eq!(tried.bindings, told.bindings);
    assert_eq!(told.compatibility_flags, ["nodejs_compat"]);
    let text = |name: &str| {
        let mut bindings = told.bindings.iter();
        bindings.find_map(|one| match &one.kind {
            BindingKind::PlainText { text } if one.name.as_str() == name => Some(text.clone()),
            _ => None,
        })
    };
    assert_eq!(text("BOTH").as_deref(), Some("bundle"));
    assert_eq!(text("URL").as_deref(), Some("https://one.example"));
    assert_eq!(text("CF_PAGES").as_deref(), Some("1"));
    assert_eq!(text("CF_PAGES_BRANCH").as_deref(), Some("main"));
    assert_eq!(text("CF_PAGES_COMMIT_SHA").as_deref(), Some("abc"));
    assert_eq!(text("CF_PAGES_URL"), Some(text_at(&deployment, "/url")));
    let assets = |one: &coffer_types::Binding| {
        one.name.as_str() == "ASSETS" && one.kind == BindingKind::Assets {}
    };
    assert!(told.bindings.iter().any(assets));
    let opened = app.opened(&told).await;
    assert_eq!(opened.len(), 2);
    assert_eq!(opened["KEY"], "marked-canary");
    assert_eq!(opened["OWN"], "own-canary");
    let rules = ["/api/*", "!/api/static"].map(str::to_owned).to_vec();
    assert_eq!(
        told.assets.unwrap().config.run_worker_first,
        RunWorkerFirst::Paths(rules)
    );
    // A preview has the preview's.
    let preview = app.deployed_code("other", &json!([])).await;
    let told = app.told(&preview).await.unwrap();
    assert_eq!(app.opened(&told).await["KEY"], "preview-canary");
    assert_eq!(
        told.assets.unwrap().config.run_worker_first,
        RunWorkerFirst::Always(true)
    );
    for event in app.audit_events().await {
        let text = event.details.to_string();
        assert!(!text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn a_bundle_says_how_it_runs_and_a_single_module_is_code_too() {
    let app = TestApp::with_site().await;
    let metadata = json!({
        "main_module": "index.js", "compatibility_date": "2025-05-05", "bindings": [],
    });
    let with_date = String::from_utf8(bundle_of(&metadata)).unwrap();
    let deployed = app
        .deploy_form(file(form(&[]), "_worker.bundle", &with_date))
        .await;
    assert_eq!(result(&deployed)["compatibility_date"], "2025-05-05");

    let code = "export default { fetch() { return new Response('one') } }";
    let deployed = app.deploy_form(file(form(&[]), "_worker.js", code)).await;
    let told = app.told(result(&deployed)).await.unwrap();
    assert_eq!(told.main_module.unwrap().as_str(), "_worker.js");
    assert_eq!(app.engine.blob(told.modules[0].digest).await.unwrap(), code);
    assert_eq!(told.number, 2);
}

#[tokio::test]
async fn a_page_for_what_is_not_there_says_that_a_site_is_no_single_page() {
    let app = TestApp::with_site().await;
    for (path, expected) in [
        ("/404.html", NotFoundHandling::NotFoundPage),
        ("/a/404.html", NotFoundHandling::SinglePageApplication),
        // Some clients leave the slash out.
        ("404.html", NotFoundHandling::NotFoundPage),
    ] {
        let files = [(path, "nothing")];
        app.send_files(&files).await;
        let deployed = app.deploy_form(form(&files)).await;
        let told = app.told(result(&deployed)).await.unwrap();
        let config = told.assets.unwrap().config;
        assert_eq!(config.not_found_handling, expected, "{path}");
    }
}

#[tokio::test]
async fn a_repeated_deployment_is_made_once() {
    let app = TestApp::with_site().await;
    let send = async |key: &str| {
        let mut request = app.build(
            &app.admin(),
            Method::POST,
            DEPLOYMENTS,
            form(&[]).end().into(),
        );
        let headers = request.headers_mut();
        headers.insert("idempotency-key", key.parse().unwrap());
        let media_type = crate::api::workers::testing::Multipart::content_type();
        headers.insert("content-type", media_type.parse().unwrap());
        app.send(request).await
    };
    let first = send("one").await;
    let again = send("one").await;
    assert_eq!(result(&first), result(&again));
    let other = send("two").await;
    assert_ne!(result(&first)["id"], result(&other)["id"]);
    let listed = app.request(Method::GET, DEPLOYMENTS, None).await;
    assert_eq!(listed.2["result_info"]["total_count"], 2);
}
