//! How long files stay that were sent, and whose they are.

use axum::http::Method;
use coffer_protocol::feed::{ChangeSource, FeedError};
use coffer_types::limits::MAX_ASSETS_PER_VERSION;
use coffer_types::{AssetManifest, Digest};
use serde_json::{Value, json};

use crate::api::pages::testing::{DEPLOYMENTS, bundle, file, form, hash, id_of};
use crate::testing::{TestApp, failure, result};

const HOUR_MICROS: i64 = 3600 * 1_000_000;
const WORKERS: &str = "/accounts/{account_id}/workers/scripts";

/// Begins an upload for a Worker; the hashes that it asks for.
async fn asked_for(app: &TestApp, path: &str, content: &str) -> Value {
    let entry = json!({ "hash": hash(path, content), "size": content.len() });
    let body = json!({ "manifest": { path: entry } });
    let begin = format!("{WORKERS}/w/assets-upload-session");
    let answer = app.request(Method::POST, &begin, Some(body)).await;
    result(&answer)["buckets"].clone()
}

async fn is_missing(app: &TestApp, path: &str, content: &str) -> bool {
    let token = app.upload_token("site").await;
    let body = json!({ "hashes": [hash(path, content)] });
    let answer = app.about_files(&token, "check-missing", body).await;
    !result(&answer).as_array().unwrap().is_empty()
}

/// Deploys one page and gives the deployment with the digest of the page.
async fn deployed(app: &TestApp, branch: &str, content: &str) -> (Value, Digest) {
    let files = [("/index.html", content)];
    app.send_files(&files).await;
    let answer = app.deploy_form(form(&files).field("branch", branch)).await;
    let deployment = result(&answer).clone();
    let manifest = app
        .told(&deployment)
        .await
        .unwrap()
        .assets
        .unwrap()
        .manifest;
    let manifest = app.engine.blob(manifest).await.unwrap();
    let manifest: AssetManifest = serde_json::from_slice(&manifest).unwrap();
    (deployment, manifest.0["/index.html"].digest)
}

async fn delete(app: &TestApp, deployment: &Value) {
    let path = format!("{DEPLOYMENTS}/{}?force=true", id_of(deployment));
    result(&app.request(Method::DELETE, &path, None).await);
}

#[tokio::test]
async fn files_go_with_the_last_deployment_that_has_them_however_often_others_deploy() {
    let app = TestApp::with_site().await;
    let (first, gone) = deployed(&app, "one", "first").await;
    app.clock.advance_micros(2 * HOUR_MICROS);
    let (second, kept) = deployed(&app, "two", "second").await;
    delete(&app, &first).await;
    let found = app.engine.blob(gone).await;
    assert!(matches!(found, Err(FeedError::NotFound)), "{found:?}");
    assert!(is_missing(&app, "/index.html", "first").await);
    // Somebody may be about to deploy what was sent a moment ago.
    delete(&app, &second).await;
    assert_eq!(app.engine.blob(kept).await.unwrap(), "second");
    app.clock.advance_micros(HOUR_MICROS);
    assert!(!is_missing(&app, "/index.html", "second").await);
}

#[tokio::test]
async fn what_was_asked_about_is_there_when_it_is_deployed() {
    let app = TestApp::with_site().await;
    let (first, _) = deployed(&app, "one", "first").await;
    app.clock.advance_micros(3 * HOUR_MICROS);
    assert!(!is_missing(&app, "/index.html", "first").await);
    delete(&app, &first).await;
    let files = [("/index.html", "first")];
    result(&app.deploy_form(form(&files)).await);
}

#[tokio::test]
async fn a_file_that_goes_while_its_deployment_is_made_is_to_be_sent_again() {
    let app = TestApp::with_site().await;
    let files = [("/index.html", "x")];
    app.send_files(&files).await;
    let form = file(form(&files), "_worker.bundle", &bundle(&json!([])));
    let hold = app.start_check.hold();
    let meanwhile = async {
        hold.reached.await.unwrap();
        // So long that the file goes with the next question about any.
        app.clock.advance_micros(25 * HOUR_MICROS);
        assert!(is_missing(&app, "/other.html", "y").await);
        hold.release.send(()).unwrap();
    };
    let (answer, ()) = tokio::join!(app.deploy_form(form), meanwhile);
    let (status, errors) = failure(&answer);
    assert_eq!(status, 400, "{errors:?}");
    assert!(
        errors[0].contains("send the files again") && errors[0].ends_with(" at /manifest"),
        "{errors:?}"
    );
    assert!(app.told_project("site").await.unwrap().production.is_none());
}

#[tokio::test]
async fn who_deploys_pages_does_not_say_what_a_workers_file_is_served_as() {
    let app = TestApp::with_site().await;
    // It comes as `text/html`, and is right by its hash.
    let files = [("/notes.txt", "<script></script>")];
    app.send_files(&files).await;
    result(&app.deploy_form(form(&files)).await);
    let (path, content) = files[0];
    assert_eq!(
        asked_for(&app, path, content).await,
        json!([[hash(path, content)]])
    );
    assert!(!is_missing(&app, path, content).await);
}

#[tokio::test]
async fn tokens_of_projects_end_no_upload_of_a_worker() {
    let app = TestApp::with_site().await;
    let begin = format!("{WORKERS}/w/assets-upload-session");
    let body = json!({ "manifest": {} });
    let begun = app.request(Method::POST, &begin, Some(body)).await;
    let jwt = result(&begun)["jwt"].clone();
    for _ in 0..60 {
        app.clock.advance_micros(1);
        app.upload_token("site").await;
    }
    let metadata =
        json!({ "assets": { "jwt": jwt, "config": {} }, "compatibility_date": "2026-01-01" });
    let form = crate::api::workers::testing::Multipart::of(&metadata);
    let path = format!("{WORKERS}/w");
    result(&app.multipart(Method::PUT, &path, form).await);
}

#[tokio::test]
async fn a_request_has_so_many_files_and_no_more() {
    let app = TestApp::with_site().await;
    let token = app.upload_token("site").await;
    let tiny = |count: usize| json!(vec![json!({ "key": "", "value": "" }); count]);
    let refused = async |body| failure(&app.about_files(&token, "upload", body).await);
    let (status, errors) = refused(tiny(MAX_ASSETS_PER_VERSION + 1)).await;
    assert_eq!(status, 400);
    assert!(errors[0].contains("at most 20000 files"), "{errors:?}");
    let (_, errors) = refused(tiny(MAX_ASSETS_PER_VERSION)).await;
    assert!(errors[0].ends_with("at /0/base64"), "{errors:?}");
}
