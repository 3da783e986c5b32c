//! What is refused, and that nothing of it is kept.

use std::collections::BTreeMap;

use axum::http::Method;
use coffer_types::Role;
use coffer_types::limits::{MAX_ASSETS_PER_VERSION, MAX_PAGES_BUNDLE_BYTES};
use serde_json::{Value, json};

use crate::api::pages::testing::{
    DEPLOYMENTS, PROJECTS, bundle, file, form, hash, id_of, inner, manifest, sent,
};
use crate::api::workers::testing::Multipart;
use crate::testing::{TestApp, failure, result};

const HOUR_MICROS: i64 = 3600 * 1_000_000;

/// How many deployments there are and how many things were done.
async fn kept(app: &TestApp) -> (Value, usize) {
    let listed = app.request(Method::GET, DEPLOYMENTS, None).await;
    let events = app.audit_events().await;
    let done = events.iter().filter(|event| event.outcome == "success");
    (listed.2["result_info"]["total_count"].clone(), done.count())
}

#[tokio::test]
async fn a_form_that_makes_no_deployment_is_refused_by_its_part() {
    let app = TestApp::with_site().await;
    let before = kept(&app).await;
    let plain = || form(&[]);
    let with = |name: &str, content: &str| file(plain(), name, content);
    let long = "x".repeat(256);
    let store = json!([{ "name": "S", "type": "secrets_store_secret",
        "store_id": "0123456789abcdef0123456789abcdef", "secret_name": "KEY" }]);
    let binding = |kind: Value| with("_worker.bundle", &bundle(&json!([kind])));
    let without = String::from_utf8(inner(Multipart::default().field("index.js", "1"))).unwrap();
    let modules = json!({ "main_module": "other.js", "bindings": [] });
    let missing = Multipart::of(&modules).module("index.js", "application/javascript+module", "1");
    let missing = String::from_utf8(inner(missing)).unwrap();
    let routes = |content: &str| {
        file(
            with("_worker.bundle", &bundle(&json!([]))),
            "_routes.json",
            content,
        )
    };
    for (form, status, word, pointer) in [
        (Multipart::default(), 400, "is missing", "/manifest"),
        (
            Multipart::default().field("manifest", "[]"),
            400,
            "not JSON",
            "/manifest",
        ),
        (
            Multipart::default().field("manifest", "{\"a\":1}"),
            400,
            "not JSON",
            "/manifest",
        ),
        (
            plain().field("manifest", "{}"),
            400,
            "more than once",
            "/manifest",
        ),
        (
            plain().field("branch", &long),
            400,
            "at most 255 bytes",
            "/branch",
        ),
        (
            plain().field("branch", "a b"),
            400,
            "without spaces",
            "/branch",
        ),
        (
            plain().field("commit_hash", &"a".repeat(129)),
            400,
            "the limit is 128",
            "/commit_hash",
        ),
        (
            plain().field("commit_message", &"a".repeat(1001)),
            400,
            "the limit is 1000",
            "/commit_message",
        ),
        (
            plain().field("commit_dirty", "yes"),
            400,
            "true or false",
            "/commit_dirty",
        ),
        (
            with("_headers", &"x".repeat(512 * 1024 + 1)),
            400,
            "the limit is",
            "/_headers",
        ),
        (routes("{}"), 400, "\"version\": 1", "/_routes.json"),
        (routes("{"), 400, "not JSON", "/_routes.json"),
        (
            with("_worker.bundle", "no form"),
            400,
            "no multipart body",
            "/_worker.bundle",
        ),
        (
            with("_worker.bundle", &without),
            400,
            "no part named metadata",
            "/_worker.bundle",
        ),
        (
            with("_worker.bundle", &missing),
            400,
            "no such part",
            "/_worker.bundle/main_module",
        ),
        (
            file(
                with("_worker.bundle", &bundle(&json!([]))),
                "_worker.js",
                "1",
            ),
            400,
            "exclude each other",
            "/_worker.js",
        ),
        (
            with("_worker.bundle", &bundle(&store)),
            400,
            "secret of a store",
            "/_worker.bundle/bindings/0",
        ),
        (
            binding(json!({ "name": "KV", "type": "kv_namespace" })),
            400,
            "kv_namespace is not supported",
            "/_worker.bundle/bindings/0",
        ),
        (
            binding(json!({ "name": "SVC", "type": "service", "service": "site" })),
            400,
            "is not found",
            "/_worker.bundle/bindings",
        ),
        (
            binding(json!({ "name": "ASSETS", "type": "plain_text", "text": "x" })),
            400,
            "static files",
            "/_worker.bundle/bindings/0",
        ),
        (
            with("_worker.js", &"x".repeat(MAX_PAGES_BUNDLE_BYTES + 1)),
            413,
            "the limit is",
            "/_worker.js",
        ),
    ] {
        let answer = app.deploy_form(form).await;
        let (given, errors) = failure(&answer);
        assert_eq!(given, status, "{word}: {errors:?}");
        assert!(errors[0].contains(word), "{word}: {errors:?}");
        assert!(errors[0].ends_with(&format!(" at {pointer}")), "{errors:?}");
    }
    let no_form = app
        .request(Method::POST, DEPLOYMENTS, Some(json!({})))
        .await;
    assert_eq!(failure(&no_form).0, 400);
    assert_eq!(kept(&app).await, before);
}

#[tokio::test]
async fn code_that_does_not_start_is_refused_in_the_runtimes_words() {
    let app = TestApp::with_site().await;
    let deployed = app.deployed("main").await;
    let before = kept(&app).await;
    let deploy = async || {
        let form = file(form(&[]), "_worker.bundle", &bundle(&json!([])));
        failure(&app.deploy_form(form).await)
    };
    app.start_check
        .refuses("Uncaught ReferenceError: x is not defined");
    // Not 8000000, which Wrangler takes for a passing fault and sends all again.
    let expected = "10021 Uncaught ReferenceError: x is not defined".to_owned();
    assert_eq!(deploy().await, (400, vec![expected]));
    app.start_check.is_away("none");
    assert_eq!(deploy().await.0, 503);
    assert_eq!(kept(&app).await, before);
    let told = app.told_project("site").await.unwrap();
    assert_eq!(told.production, Some(id_of(&deployed)));
}

#[tokio::test]
async fn files_are_what_the_manifest_says() {
    let app = TestApp::with_site().await;
    let before = kept(&app).await;
    let deploy = async |manifest: &Value| {
        let form = Multipart::default().field("manifest", &manifest.to_string());
        failure(&app.deploy_form(form).await)
    };
    let never = hash("/a.html", "never sent");
    let (status, errors) = deploy(&json!({ "/a.html": never })).await;
    assert_eq!(status, 400);
    assert_eq!(
        errors,
        ["1001 file \"/a.html\" was not sent: send it first at /manifest/~1a.html"]
    );
    for (path, hash, word) in [
        ("/../a", never.as_str(), ". or .."),
        ("/a//b", &never, "empty segment"),
        ("/a", "abc", "32 hexadecimal digits"),
    ] {
        let (status, errors) = deploy(&json!({ path: hash })).await;
        assert_eq!(status, 400);
        assert!(errors[0].contains(word), "{errors:?}");
    }

    // A file under the hash of another is found out, forgotten, and asked for again.
    let token = app.upload_token("site").await;
    let mut lie = sent("/a.html", "what it is");
    lie["key"] = json!(hash("/a.html", "what it should be"));
    result(
        &app.about_files(&token, "upload", json!([lie.clone()]))
            .await,
    );
    // Nor is it a Worker's, whose files are known by the same hashes.
    let session = json!({ "manifest": { "/a.html": { "hash": lie["key"], "size": 10 } } });
    let path = "/accounts/{account_id}/workers/scripts/w/assets-upload-session";
    let asked = app.request(Method::POST, path, Some(session)).await;
    assert_eq!(result(&asked)["buckets"], json!([[lie["key"]]]));
    let right = manifest(&[("/a.html", "what it should be")]);
    let form = || Multipart::default().field("manifest", &right);
    let (status, errors) = failure(&app.deploy_form(form()).await);
    assert_eq!(status, 400);
    assert!(errors[0].contains("has not the hash"), "{errors:?}");
    let missing = json!({ "hashes": [lie["key"]] });
    let missing = app.about_files(&token, "check-missing", missing).await;
    assert_eq!(result(&missing), &json!([lie["key"]]));
    assert_eq!(kept(&app).await, before);

    app.send_files(&[("/a.html", "what it should be")]).await;
    result(&app.deploy_form(form()).await);
    // From then on nothing takes its place.
    result(&app.about_files(&token, "upload", json!([lie])).await);
    result(&app.deploy_form(form()).await);
}

#[tokio::test]
async fn a_deployment_has_so_many_files_and_no_more() {
    let app = TestApp::with_site().await;
    app.send_files(&[("/index.html", "x")]).await;
    let hash = hash("/index.html", "x");
    let manifest = |count: usize| {
        let files: BTreeMap<_, _> = (0..count)
            .map(|index| (format!("/{index}.html"), &hash))
            .collect();
        json!(files).to_string()
    };
    let deploy = async |count| {
        let form = Multipart::default().field("manifest", &manifest(count));
        app.deploy_form(form).await
    };
    result(&deploy(MAX_ASSETS_PER_VERSION).await);
    let (status, errors) = failure(&deploy(MAX_ASSETS_PER_VERSION + 1).await);
    assert_eq!(status, 400);
    assert!(errors[0].contains("at most 20000 files"), "{errors:?}");
    let token = app.upload_token("site").await;
    let hashes = vec![&hash; MAX_ASSETS_PER_VERSION + 1];
    let body = json!({ "hashes": hashes });
    let (status, errors) = failure(&app.about_files(&token, "check-missing", body).await);
    assert_eq!(status, 400);
    assert!(errors[0].contains("at most 20000 files"), "{errors:?}");
}

#[tokio::test]
async fn files_that_are_none_are_refused_by_their_places() {
    let app = TestApp::with_site().await;
    let token = app.upload_token("site").await;
    let good = sent("/a.html", "a");
    let with = |field: &str, value: Value| {
        let mut file = good.clone();
        file[field] = value;
        json!([good, file])
    };
    for (body, word, pointer) in [
        (with("key", json!("abc")), "32 hexadecimal digits", "/1/key"),
        (
            with("value", json!("no base64!")),
            "sent as Base64",
            "/1/value",
        ),
        (
            with("base64", json!(false)),
            "\"base64\": true",
            "/1/base64",
        ),
        (
            with("metadata", json!({ "contentType": "x".repeat(1025) })),
            "at most 1024",
            "/1/metadata/contentType",
        ),
    ] {
        let (status, errors) = failure(&app.about_files(&token, "upload", body).await);
        assert_eq!(status, 400, "{errors:?}");
        assert!(
            errors[0].contains(word) && errors[0].ends_with(&format!(" at {pointer}")),
            "{errors:?}"
        );
    }
    for name in ["check-missing", "upsert-hashes"] {
        for body in [
            json!({}),
            json!({ "hashes": "a" }),
            json!({ "hashes": ["a"] }),
        ] {
            let answer = app.about_files(&token, name, body).await;
            assert_eq!(failure(&answer).0, 400);
        }
    }
    let hash = hash("/a.html", "a");
    let unsent = app
        .about_files(&token, "upsert-hashes", json!({ "hashes": [hash] }))
        .await;
    let (status, errors) = failure(&unsent);
    assert_eq!(status, 400);
    assert!(
        errors[0].contains("1 of these files were not sent"),
        "{errors:?}"
    );
    // The good one beside the bad was not kept.
    let missing = app
        .about_files(&token, "check-missing", json!({ "hashes": [hash, hash] }))
        .await;
    assert_eq!(result(&missing), &json!([hash]));
}

#[tokio::test]
async fn only_a_token_of_a_project_that_is_there_sends_files() {
    let app = TestApp::with_site().await;
    app.project("other").await;
    let token = app.upload_token("other").await;
    let ask = async |token: &str| {
        app.about_files(token, "check-missing", json!({ "hashes": [] }))
            .await
    };
    result(&ask(&token).await);
    let (signed, code) = token.rsplit_once('.').unwrap();
    let begun = app
        .request(
            Method::POST,
            "/accounts/{account_id}/workers/scripts/w/assets-upload-session",
            Some(json!({ "manifest": {} })),
        )
        .await;
    let workers = result(&begun)["jwt"].as_str().unwrap();
    let flipped = if code.starts_with('A') { "B" } else { "A" };
    let forged = format!("{signed}.{flipped}{}", &code[1..]);
    let api = app.first.api_token.expose_secret().to_owned();
    for wrong in ["a.b.c", workers, &forged] {
        let (status, errors) = failure(&ask(wrong).await);
        assert!(
            status == 401 && errors[0].starts_with("10000 "),
            "{wrong} {errors:?}"
        );
    }
    // One that is good for something else is told so.
    assert_eq!(failure(&ask(&api).await).0, 403);
    // Nor is it a Worker's, or the API's.
    let upload = "/accounts/{account_id}/workers/assets/upload?base64=true";
    let actor = crate::api::pages::testing::with_token(&token);
    let answer = app
        .multipart_as(&actor, Method::POST, upload, Multipart::default())
        .await;
    assert_eq!(failure(&answer).0, 401);
    let answer = app.request_as(&actor, Method::GET, PROJECTS, None).await;
    assert_eq!(failure(&answer).0, 401);

    app.clock.advance_micros(HOUR_MICROS - 1_000_000);
    result(&ask(&token).await);
    app.clock.advance_micros(1_000_000);
    let (status, errors) = failure(&ask(&token).await);
    assert_eq!((status, &errors[0][..8]), (401, "8000013 "));
    let token = app.upload_token("other").await;
    result(
        &app.request(Method::DELETE, &format!("{PROJECTS}/other"), None)
            .await,
    );
    let (status, errors) = failure(&ask(&token).await);
    assert_eq!((status, &errors[0][..8]), (401, "8000013 "));
}

#[tokio::test]
async fn another_account_has_files_and_deployments_of_its_own() {
    let app = TestApp::with_site().await;
    let deployed = app.deployed("main").await;
    let other = app.other_account().await;
    let projects = format!("/accounts/{}/pages/projects", other.id);
    let body = json!({ "name": "theirs" });
    result(
        &app.request_as(&other.admin, Method::POST, &projects, Some(body))
            .await,
    );
    let token = app
        .request_as(
            &other.admin,
            Method::GET,
            &format!("{projects}/theirs/upload-token"),
            None,
        )
        .await;
    let token = result(&token)["jwt"].as_str().unwrap().to_owned();
    // A hash that is known here says nothing there.
    let hash = hash("/index.html", "<h1>x</h1>");
    let missing = app
        .about_files(&token, "check-missing", json!({ "hashes": [hash] }))
        .await;
    assert_eq!(result(&missing), &json!([hash]));
    let path = format!("{projects}/theirs/deployments/{}", id_of(&deployed));
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/rollback")),
        (Method::GET, format!("{path}/history/logs")),
    ] {
        let (status, errors) = failure(&app.request_as(&other.admin, method, &path, None).await);
        assert_eq!((status, &errors[0][..8]), (404, "8000009 "), "{path}");
    }
}

#[tokio::test]
async fn an_unknown_project_is_told_before_an_unknown_deployment() {
    let app = TestApp::with_site().await;
    let id = "01234567-89ab-4cde-8f01-23456789abcd";
    for (project, code) in [
        ("nope", "8000007 "),
        ("No-Name", "8000007 "),
        ("site", "8000009 "),
    ] {
        for id in [id, "no-id"] {
            let path = format!("{PROJECTS}/{project}/deployments/{id}");
            for (method, path) in [
                (Method::GET, path.clone()),
                (Method::DELETE, path.clone()),
                (Method::POST, format!("{path}/rollback")),
                (Method::GET, format!("{path}/history/logs")),
            ] {
                let (status, errors) = failure(&app.request(method, &path, None).await);
                assert_eq!((status, &errors[0][..8]), (404, code), "{path}");
            }
        }
    }
    let path = format!("{PROJECTS}/nope/deployments");
    let answer = app.multipart(Method::POST, &path, form(&[])).await;
    assert_eq!(&failure(&answer).1[0][..8], "8000007 ");
    let answer = app
        .request(Method::GET, &format!("{PROJECTS}/nope/upload-token"), None)
        .await;
    assert_eq!(&failure(&answer).1[0][..8], "8000007 ");
}

#[tokio::test]
async fn who_only_views_deploys_nothing() {
    let app = TestApp::with_site().await;
    let deployed = app.deployed("main").await;
    let reader = app.member_with(&[Role::WorkersReadOnly]).await;
    let path = format!("{DEPLOYMENTS}/{}", id_of(&deployed));
    let logs = app
        .request_as(&reader, Method::GET, &format!("{path}/history/logs"), None)
        .await;
    let empty = json!({ "total": 0, "includes_container_logs": false, "data": [] });
    assert_eq!(result(&logs), &empty);
    result(&app.request_as(&reader, Method::GET, &path, None).await);
    let answer = app
        .multipart_as(&reader, Method::POST, DEPLOYMENTS, form(&[]))
        .await;
    assert_eq!(failure(&answer).0, 403);
    for (method, path) in [
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/rollback")),
        (Method::GET, format!("{PROJECTS}/site/upload-token")),
    ] {
        let answer = app.request_as(&reader, method, &path, None).await;
        assert_eq!(failure(&answer).0, 403, "{path}");
    }
}
