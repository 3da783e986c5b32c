//! Uploads of assets from their beginning to the version.

use std::collections::BTreeMap;

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_protocol::feed::{ChangeSource, FeedError};
use coffer_types::{AssetManifest, Role};
use serde_json::{Value, json};

use crate::api::workers::testing::{Multipart, SCRIPTS, metadata};
use crate::testing::{Actor, Answer, TestApp, failure, result, text_at};

const UPLOAD: &str = "/accounts/{account_id}/workers/assets/upload?base64=true";
const HOUR_MICROS: i64 = 3600 * 1_000_000;

/// Wrangler's hash of a file.
fn hash(path: &str, content: &str) -> String {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let hashed = format!("{}{extension}", STANDARD.encode(content));
    blake3::hash(hashed.as_bytes()).to_hex()[..32].to_owned()
}

fn manifest(files: &[(&str, &str)]) -> Value {
    let entry = |(path, content): &(&str, &str)| {
        let entry = json!({ "hash": hash(path, content), "size": content.len() });
        ((*path).to_owned(), entry)
    };
    let entries: BTreeMap<_, _> = files.iter().map(entry).collect();
    json!({ "manifest": entries })
}

async fn begin(app: &TestApp, actor: &Actor, worker: &str, manifest: &Value) -> Answer {
    let path = format!("{SCRIPTS}/{worker}/assets-upload-session");
    app.request_as(actor, Method::POST, &path, Some(manifest.clone()))
        .await
}

/// Begins an upload; its token and the hashes that it asks for.
async fn begun(app: &TestApp, worker: &str, files: &[(&str, &str)]) -> (String, Vec<String>) {
    let answer = begin(app, &app.admin(), worker, &manifest(files)).await;
    let begun = result(&answer);
    let buckets: Vec<Vec<String>> = serde_json::from_value(begun["buckets"].clone()).unwrap();
    (
        text_at(begun, "/jwt"),
        buckets.into_iter().flatten().collect(),
    )
}

fn with_token(token: &str) -> Actor {
    Actor::with_headers(&[("authorization", &format!("Bearer {token}"))])
}

fn file(form: Multipart, hash: &str, base64: &str) -> Multipart {
    let header = format!(
        "Content-Disposition: form-data; name=\"{hash}\"; filename=\"{hash}\"\r\n\
         Content-Type: text/html; charset=utf-8"
    );
    form.part(&header, base64.as_bytes())
}

async fn send(app: &TestApp, token: &str, files: &[(&str, &str)]) -> Answer {
    let mut form = Multipart::default();
    for (path, content) in files {
        form = file(form, &hash(path, content), &STANDARD.encode(content));
    }
    app.multipart_as(&with_token(token), Method::POST, UPLOAD, form)
        .await
}

/// Uploads all files and gives the token for the version.
async fn uploaded(app: &TestApp, worker: &str, files: &[(&str, &str)]) -> String {
    let (token, asked) = begun(app, worker, files).await;
    if asked.is_empty() {
        return token;
    }
    let answer = send(app, &token, files).await;
    assert_eq!(answer.0, 201, "{}", answer.2);
    text_at(result(&answer), "/jwt")
}

/// Uploads a script with this in its metadata, and code unless there is to be none.
async fn put(app: &TestApp, worker: &str, extra: &Value, code: bool) -> Answer {
    let mut metadata = metadata(&json!([]));
    for (name, value) in extra.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    let body = if code {
        Multipart::script(&metadata)
    } else {
        metadata.as_object_mut().unwrap().remove("main_module");
        Multipart::of(&metadata)
    };
    app.multipart(Method::PUT, &format!("{SCRIPTS}/{worker}"), body)
        .await
}

/// The files of the newest version that edges are told of.
async fn served(app: &TestApp, worker: &str) -> Option<(AssetManifest, Value)> {
    let version = app.serving(worker).await;
    let assets = version.assets.clone()?;
    let content = app.engine.blob(assets.manifest).await.unwrap();
    let manifest = serde_json::from_slice(&content).unwrap();
    Some((manifest, serde_json::to_value(&assets.config).unwrap()))
}

const FILES: [(&str, &str); 2] = [("/index.html", "<h1>x</h1>\n"), ("/a.txt", "text")];

#[tokio::test]
async fn files_are_asked_for_once_and_only_those_that_changed() {
    let app = TestApp::new().await;
    let (token, mut asked) = begun(&app, "w", &FILES).await;
    // As Wrangler 4.164 hashes this file, captured.
    assert!(asked.contains(&"6e685e4883fed022eae92500f07d7f39".to_owned()));
    asked.sort();
    let mut expected: Vec<_> = FILES
        .iter()
        .map(|(path, content)| hash(path, content))
        .collect();
    expected.sort();
    assert_eq!(asked, expected);

    let half = send(&app, &token, &FILES[..1]).await;
    assert_eq!(
        (half.0.as_u16(), &result(&half)["jwt"]),
        (202, &Value::Null)
    );
    let whole = send(&app, &token, &FILES[1..]).await;
    assert_eq!(whole.0, 201);
    let jwt = text_at(result(&whole), "/jwt");
    let config = json!({ "html_handling": "none", "_redirects": "/a /b" });
    let answer = put(
        &app,
        "w",
        &json!({ "assets": { "jwt": jwt, "config": config } }),
        true,
    )
    .await;
    assert_eq!(result(&answer)["has_assets"], true);
    let (manifest, served_config) = served(&app, "w").await.unwrap();
    let index = &manifest.0["/index.html"];
    assert_eq!(
        (index.size, index.content_type.as_deref()),
        (11, Some("text/html; charset=utf-8"))
    );
    assert_eq!(app.engine.blob(index.digest).await.unwrap(), "<h1>x</h1>\n");
    assert_eq!(served_config["html_handling"], "none");
    assert_eq!(served_config["_redirects"], "/a /b");

    let changed = [FILES[0], ("/a.txt", "other")];
    let (_, asked) = begun(&app, "w", &changed).await;
    assert_eq!(asked, [hash("/a.txt", "other")]);
    // Another account is asked for all of them: a hash tells nothing of other accounts' files.
    let other = app.other_account().await;
    let path = format!(
        "/accounts/{}/workers/scripts/w/assets-upload-session",
        other.id
    );
    let body = Some(self::manifest(&FILES));
    let answer = app
        .request_as(&other.admin, Method::POST, &path, body)
        .await;
    assert_eq!(result(&answer)["buckets"][0].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_manifest_that_lies_is_refused_by_the_files_path() {
    let app = TestApp::new().await;
    let lies = json!({ "manifest": {
        "/size.html": { "hash": hash("/size.html", "abc"), "size": 4 },
        "/hash.html": { "hash": hash("/hash.html", "abcd"), "size": 3 },
        "/kind.txt": { "hash": hash("/kind.html", "xyz"), "size": 3 },
        "/plain.html": { "hash": hash("/plain.html", "ok"), "size": 2 },
    } });
    let answer = begin(&app, &app.admin(), "w", &lies).await;
    let token = text_at(result(&answer), "/jwt");
    for (sent, content, expected) in [
        (hash("/size.html", "abc"), "abc", "is 3 bytes, not 4"),
        (hash("/hash.html", "abcd"), "abc", "has not the hash"),
        (hash("/kind.html", "xyz"), "xyz", "has not the hash"),
        (hash("/other.html", "no"), "no", "no asset with the hash"),
    ] {
        let form = file(
            Multipart::default(),
            &hash("/plain.html", "ok"),
            &STANDARD.encode("ok"),
        );
        let form = file(form, &sent, &STANDARD.encode(content));
        let answer = app
            .multipart_as(&with_token(&token), Method::POST, UPLOAD, form)
            .await;
        let (status, errors) = failure(&answer);
        assert_eq!(status, 400);
        assert!(
            errors[0].contains(expected) && errors[0].contains("/manifest"),
            "{errors:?}"
        );
    }
    let form = file(
        Multipart::default(),
        &hash("/plain.html", "ok"),
        "not base64!",
    );
    let answer = app
        .multipart_as(&with_token(&token), Method::POST, UPLOAD, form)
        .await;
    assert!(failure(&answer).1[0].contains("Base64"), "{}", answer.2);
    let plain = UPLOAD.replace("?base64=true", "");
    let answer = app
        .multipart_as(
            &with_token(&token),
            Method::POST,
            &plain,
            Multipart::default(),
        )
        .await;
    assert_eq!(failure(&answer).0, 400);
    // The good file beside each bad one was not kept.
    let answer = begin(&app, &app.admin(), "w", &manifest(&[("/plain.html", "ok")])).await;
    assert_eq!(result(&answer)["buckets"][0][0], hash("/plain.html", "ok"));
    // Once a file is known, its size is too.
    uploaded(&app, "w", &[("/plain.html", "ok")]).await;
    let lie =
        json!({ "manifest": { "/p.html": { "hash": hash("/plain.html", "ok"), "size": 3 } } });
    let (status, errors) = failure(&begin(&app, &app.admin(), "w", &lie).await);
    assert_eq!(status, 400);
    assert!(
        errors[0].contains("is 2 bytes by its hash, not 3"),
        "{errors:?}"
    );
}

#[tokio::test]
async fn paths_hashes_and_sizes_that_are_none_are_refused() {
    let app = TestApp::new().await;
    let good = hash("/a", "");
    for (path, hash, size) in [
        ("a", good.as_str(), 0),
        ("/../a", &good, 0),
        ("/a/../../b", &good, 0),
        ("/a//b", &good, 0),
        ("/a\\b", &good, 0),
        ("/a", "xyz", 0),
        ("/a", &good, 26 * 1024 * 1024),
    ] {
        let manifest = json!({ "manifest": { path: { "hash": hash, "size": size } } });
        let (status, errors) = failure(&begin(&app, &app.admin(), "w", &manifest).await);
        assert_eq!(status, 400, "{path}");
        assert!(errors[0].contains(" at /manifest/"), "{errors:?}");
    }
    for body in [
        json!({}),
        json!({ "manifest": [] }),
        json!({ "manifest": { "/a": { "hash": good } } }),
    ] {
        assert_eq!(
            failure(&begin(&app, &app.admin(), "w", &body).await).0,
            400,
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_token_is_for_one_account_one_worker_and_an_hour() {
    let app = TestApp::new().await;
    let token = uploaded(&app, "w", &FILES).await;
    let with = |token: &str| json!({ "assets": { "jwt": token, "config": {} } });
    let refused = async |worker: &str, token: &str| {
        let (status, errors) = failure(&put(&app, worker, &with(token), true).await);
        assert_eq!(status, 400);
        assert!(errors[0].ends_with(" at /assets/jwt"), "{errors:?}");
        errors[0].clone()
    };
    assert!(refused("other", &token).await.contains("another Worker's"));
    let mut altered = token.clone();
    altered.pop();
    altered.push(if token.ends_with('A') { 'B' } else { 'A' });
    let (header, rest) = token.split_once('.').unwrap();
    let (claims, code) = rest.split_once('.').unwrap();
    let decoded = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(claims)
        .unwrap();
    let longer = String::from_utf8(decoded)
        .unwrap()
        .replace("\"exp\":", "\"exp\":9");
    let longer = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(longer);
    let unsigned = "eyJhbGciOiJub25lIn0";
    for wrong in [
        altered,
        format!("{header}.{longer}.{code}"),
        format!("{unsigned}.{claims}."),
        format!("{unsigned}.{claims}.{code}"),
        String::new(),
    ] {
        refused("w", &wrong).await;
        let answer = app
            .multipart_as(
                &with_token(&wrong),
                Method::POST,
                UPLOAD,
                Multipart::default(),
            )
            .await;
        assert!(matches!(failure(&answer).0, 400 | 401), "{}", answer.2);
    }
    let (incomplete, _) = begun(&app, "w", &[("/new.html", "new")]).await;
    assert!(
        refused("w", &incomplete)
            .await
            .contains("1 assets of the upload were not sent")
    );
    // The API's own tokens are no uploads' tokens, and the other way round.
    let answer = app
        .multipart_as(&app.admin(), Method::POST, UPLOAD, Multipart::default())
        .await;
    assert_eq!(failure(&answer).0, 403);
    let answer = app
        .request_as(&with_token(&token), Method::GET, SCRIPTS, None)
        .await;
    assert!(matches!(failure(&answer).0, 400 | 401));
    let other = app.other_account().await;
    let path = UPLOAD.replace("{account_id}", &other.id.to_string());
    let answer = app
        .multipart_as(
            &with_token(&token),
            Method::POST,
            &path,
            Multipart::default(),
        )
        .await;
    assert_eq!(failure(&answer).0, 401);

    app.clock.advance_micros(HOUR_MICROS);
    refused("w", &token).await;
    assert_eq!(failure(&send(&app, &token, &FILES).await).0, 401);
}

#[tokio::test]
async fn a_version_may_keep_its_assets_and_have_nothing_else() {
    let app = TestApp::new().await;
    let jwt = uploaded(&app, "w", &FILES).await;
    let config = json!({ "not_found_handling": "404-page" });
    let assets = json!({ "assets": { "jwt": jwt, "config": config } });
    result(&put(&app, "w", &assets, false).await);
    let (first, _) = served(&app, "w").await.unwrap();
    assert_eq!(app.serving("w").await.main_module, None);
    let alone = app.latest("w").await["id"].as_str().unwrap().to_owned();
    result(&app.deploy("w", &alone, "").await);
    result(&put(&app, "w", &json!({ "keep_assets": true }), true).await);
    let (kept, config) = served(&app, "w").await.unwrap();
    assert_eq!(
        (&kept, &config["not_found_handling"]),
        (&first, &json!("404-page"))
    );
    // A secret's version has them too.
    let secret = json!({ "name": "S", "type": "secret_text", "text": "v" });
    let path = format!("{SCRIPTS}/w/secrets");
    result(&app.request(Method::PUT, &path, Some(secret)).await);
    assert_eq!(served(&app, "w").await.unwrap().0, first);
    result(&put(&app, "w", &json!({}), true).await);
    assert!(served(&app, "w").await.is_none());
}

#[tokio::test]
async fn what_would_have_no_effect_or_no_end_is_refused() {
    let app = TestApp::new().await;
    let jwt = uploaded(&app, "w", &FILES).await;
    let configured = |config: Value| json!({ "assets": { "jwt": jwt, "config": config } });
    let patterns = vec!["/x"; 101];
    let written = app.written().await;
    for (extra, code, pointer) in [
        (
            configured(json!({ "html_handling": "sometimes" })),
            true,
            "/assets/config",
        ),
        (
            configured(json!({ "run_worker_first": true })),
            false,
            "/assets/config/run_worker_first",
        ),
        (
            configured(json!({ "run_worker_first": [] })),
            true,
            "/assets/config/run_worker_first",
        ),
        (
            configured(json!({ "run_worker_first": ["x"] })),
            true,
            "/assets/config/run_worker_first",
        ),
        (
            configured(json!({ "run_worker_first": ["!/x"] })),
            true,
            "/assets/config/run_worker_first",
        ),
        (
            configured(json!({ "run_worker_first": patterns })),
            true,
            "/assets/config/run_worker_first",
        ),
        (
            configured(json!({ "_headers": "x".repeat(600_000) })),
            true,
            "/assets/config/_headers",
        ),
        (json!({ "assets": { "config": {} } }), true, "/assets/jwt"),
        (json!({ "keep_assets": true }), false, "/main_module"),
        (
            json!({ "bindings": [{ "name": "ASSETS", "type": "assets" }] }),
            true,
            "/bindings",
        ),
    ] {
        let (status, errors) = failure(&put(&app, "w", &extra, code).await);
        assert_eq!(status, 400, "{extra}");
        assert!(errors[0].ends_with(&format!(" at {pointer}")), "{errors:?}");
    }
    assert_eq!(app.written().await, written);
}

#[tokio::test]
async fn files_go_with_the_last_version_that_has_them() {
    let app = TestApp::new().await;
    let jwt = uploaded(&app, "w", &FILES).await;
    let assets = json!({ "assets": { "jwt": jwt, "config": {} } });
    result(&put(&app, "w", &assets, false).await);
    let (manifest, _) = served(&app, "w").await.unwrap();
    let digest = manifest.0["/a.txt"].digest;
    let jwt = uploaded(&app, "v", &FILES[1..]).await;
    let assets = json!({ "assets": { "jwt": jwt, "config": {} } });
    result(&put(&app, "v", &assets, false).await);
    // What was sent for these versions is no longer waited for. Uploads go on all the time where many deploy.
    app.clock.advance_micros(2 * HOUR_MICROS);
    begun(&app, "u", &[("/b.txt", "b")]).await;
    result(
        &app.request(Method::DELETE, &format!("{SCRIPTS}/w"), None)
            .await,
    );
    assert_eq!(app.engine.blob(digest).await.unwrap(), "text");
    let index = manifest.0["/index.html"].digest;
    assert!(matches!(
        app.engine.blob(index).await,
        Err(FeedError::NotFound)
    ));
    result(
        &app.request(Method::DELETE, &format!("{SCRIPTS}/v"), None)
            .await,
    );
    assert!(matches!(
        app.engine.blob(digest).await,
        Err(FeedError::NotFound)
    ));
    let (_, asked) = begun(&app, "w", &FILES).await;
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn what_an_upload_did_not_ask_for_is_there_when_it_is_deployed() {
    let app = TestApp::new().await;
    let jwt = uploaded(&app, "w", &FILES).await;
    let assets = json!({ "assets": { "jwt": jwt, "config": {} } });
    result(&put(&app, "w", &assets, false).await);
    app.clock.advance_micros(3 * HOUR_MICROS);
    let (jwt, asked) = begun(&app, "v", &FILES).await;
    assert!(asked.is_empty());
    result(
        &app.request(Method::DELETE, &format!("{SCRIPTS}/w"), None)
            .await,
    );
    let assets = json!({ "assets": { "jwt": jwt, "config": {} } });
    result(&put(&app, "v", &assets, false).await);
    let (manifest, _) = served(&app, "v").await.unwrap();
    assert_eq!(
        app.engine.blob(manifest.0["/a.txt"].digest).await.unwrap(),
        "text"
    );
}

#[tokio::test]
async fn files_that_no_version_ever_had_go_after_a_day() {
    let app = TestApp::new().await;
    uploaded(&app, "w", &FILES).await;
    app.clock.advance_micros(25 * HOUR_MICROS);
    begun(&app, "w", &[("/b.txt", "b")]).await;
    let (_, asked) = begun(&app, "w", &FILES).await;
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn only_who_may_deploy_begins_an_upload() {
    let app = TestApp::new().await;
    for (role, status) in [
        (Role::WorkersPlatformAdmin, 200),
        (Role::SecretsStoreDeployer, 403),
        (Role::WorkersReadOnly, 403),
    ] {
        let actor = app.member_with(&[role]).await;
        let answer = begin(&app, &actor, "w", &manifest(&FILES)).await;
        assert_eq!(answer.0.as_u16(), status, "{role:?}");
    }
}
