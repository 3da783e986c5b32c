//! A request that would have changed something and was not permitted is in the audit log, so often and no more.

use axum::body::Body;
use axum::http::{Method, header};
use coffer_store::rows::tokens::TokenOwner;
use coffer_types::limits::MAX_DENIALS_PER_MINUTE;
use coffer_types::{PermissionGroup, Role};
use serde_json::{Value, json};

use crate::testing::{Actor, TestApp, TokenTimes, failure, result, text_at};

const ACCOUNT: &str = "/accounts/{account_id}";
const SOME_ID: &str = "0123456789abcdef0123456789abcdef";

/// The failures that the audit log tells of, oldest first.
async fn failures(app: &TestApp) -> Vec<Value> {
    let path = format!(
        "{ACCOUNT}/logs/audit?since=2026-11-01&before=2026-12-01&direction=asc&limit=1000&action_result=failure"
    );
    let answer = app.request(Method::GET, &path, None).await;
    result(&answer).as_array().unwrap().clone()
}

async fn status(app: &TestApp, actor: &Actor, method: Method, path: &str) -> u16 {
    let answer = app.request_as(actor, method, path, Some(json!({}))).await;
    failure(&answer).0
}

#[tokio::test]
async fn a_denial_tells_who_tried_what_on_which_thing() {
    let app = TestApp::new().await;
    let viewer = app.member_with(&[Role::AuditLogsViewer]).await;
    let store = format!("{ACCOUNT}/secrets_store/stores/{SOME_ID}");
    let worker = format!("{ACCOUNT}/workers/scripts/a-worker");
    let account_id = app.first.account_id.to_string();
    let cases = [
        (
            Method::POST,
            format!("{ACCOUNT}/secrets_store/stores"),
            "create",
            "store",
            None,
        ),
        (
            Method::DELETE,
            store.clone(),
            "delete",
            "store",
            Some(SOME_ID),
        ),
        (
            Method::POST,
            format!("{store}/secrets"),
            "create",
            "secret",
            None,
        ),
        (
            Method::DELETE,
            format!("{store}/secrets"),
            "delete",
            "secret",
            None,
        ),
        (
            Method::PATCH,
            format!("{store}/secrets/{SOME_ID}"),
            "update",
            "secret",
            Some(SOME_ID),
        ),
        (
            Method::POST,
            format!("{store}/secrets/{SOME_ID}/duplicate"),
            "create",
            "secret",
            Some(SOME_ID),
        ),
        (
            Method::PUT,
            worker.clone(),
            "update",
            "worker",
            Some("a-worker"),
        ),
        (
            Method::PUT,
            format!("{worker}/secrets"),
            "update",
            "worker_secret",
            None,
        ),
        (
            Method::DELETE,
            format!("{worker}/secrets/KEY"),
            "delete",
            "worker_secret",
            Some("KEY"),
        ),
        (
            Method::POST,
            format!("{worker}/versions"),
            "create",
            "version",
            None,
        ),
        (
            Method::POST,
            format!("{worker}/deployments"),
            "create",
            "deployment",
            None,
        ),
        (
            Method::POST,
            format!("{worker}/subdomain"),
            "create",
            "worker",
            Some("a-worker"),
        ),
        (
            Method::POST,
            format!("{ACCOUNT}/members"),
            "create",
            "member",
            None,
        ),
        (
            Method::DELETE,
            format!("{ACCOUNT}/members/{SOME_ID}"),
            "delete",
            "member",
            Some(SOME_ID),
        ),
        (
            Method::PUT,
            format!("{ACCOUNT}/tokens/{SOME_ID}/value"),
            "update",
            "token",
            Some(SOME_ID),
        ),
        (
            Method::PUT,
            ACCOUNT.to_owned(),
            "update",
            "account",
            Some(account_id.as_str()),
        ),
    ];
    for (method, path, action, kind, id) in cases {
        let name = format!("{method} {path}");
        let before = failures(&app).await.len();
        assert_eq!(
            status(&app, &viewer, method.clone(), &path).await,
            403,
            "{name}"
        );
        let after = failures(&app).await;
        assert_eq!(after.len(), before + 1, "{name}");
        let event = &after[before];
        assert_eq!(event["action"]["type"], action, "{name}");
        assert_eq!(event["resource"]["type"], kind, "{name}");
        assert_eq!(
            event["resource"].get("id").and_then(Value::as_str),
            id,
            "{name}"
        );
        assert_eq!(event["raw"]["status_code"], 403, "{name}");
        assert_eq!(event["raw"]["method"], method.as_str(), "{name}");
        let path = path.replace("{account_id}", &account_id);
        assert_eq!(text_at(event, "/raw/uri"), format!("/client/v4{path}"));
        assert_eq!(event["actor"]["type"], "user");
        assert!(event["actor"]["token_id"].is_string());
    }
}

#[tokio::test]
async fn what_only_reads_or_is_by_nobody_or_elsewhere_is_not_recorded() {
    let app = TestApp::new().await;
    let viewer = app.member_with(&[Role::AuditLogsViewer]).await;
    let other = app.other_account().await;
    let stores = format!("{ACCOUNT}/secrets_store/stores");
    let events = app.audit_events().await.len();
    for (actor, method, expected) in [
        (&viewer, Method::GET, 403),
        (&viewer, Method::HEAD, 403),
        (&Actor::nobody(), Method::POST, 400),
        (&Actor::wrong_token(), Method::POST, 401),
        // An account that is not to be known of cannot be filled with events either.
        (&other.admin, Method::POST, 404),
        // Refused, but not for want of a permission.
        (&app.admin(), Method::POST, 400),
    ] {
        let answer = app
            .request_as(actor, method.clone(), &stores, Some(json!({})))
            .await;
        assert_eq!(answer.0, expected, "{method}");
    }
    assert_eq!(app.audit_events().await.len(), events);
}

#[tokio::test]
async fn a_denial_without_an_account_is_in_the_user_s_own_log() {
    let app = TestApp::new().await;
    let token = app.token_with(&[PermissionGroup::USER_DETAILS_READ]).await;
    assert_eq!(
        status(&app, &token, Method::POST, "/user/tokens").await,
        403
    );
    assert_eq!(status(&app, &token, Method::PATCH, "/user").await, 403);
    let answer = app
        .request_as(
            &app.admin_by_key(),
            Method::GET,
            "/user/audit_logs?per_page=2",
            None,
        )
        .await;
    let events = result(&answer);
    assert_eq!(
        events[0]["action"],
        json!({ "result": false, "type": "update" })
    );
    assert_eq!(
        events[0]["resource"],
        json!({ "type": "user", "id": app.admin_id().await })
    );
    assert_eq!(events[1]["resource"], json!({ "type": "token", "id": "" }));
    assert!(failures(&app).await.is_empty());
}

#[tokio::test]
async fn an_account_is_told_what_its_own_token_tried_about_a_user() {
    let app = TestApp::new().await;
    let token = app.account_token(&PermissionGroup::ALL).await;
    assert_eq!(status(&app, &token, Method::PATCH, "/user").await, 403);
    let found = failures(&app).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["actor"]["type"], "account");
    assert_eq!(found[0]["resource"]["scope"], "user");
}

#[tokio::test]
async fn denials_like_each_other_are_counted() {
    let app = TestApp::new().await;
    let viewer = app.member_with(&[Role::AuditLogsViewer]).await;
    let stores = format!("{ACCOUNT}/secrets_store/stores");
    for _ in 0..5 {
        assert_eq!(status(&app, &viewer, Method::POST, &stores).await, 403);
    }
    assert_eq!(failures(&app).await.len(), 1);
    app.clock.advance_seconds(60);
    assert_eq!(status(&app, &viewer, Method::POST, &stores).await, 403);
    let found = failures(&app).await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[1]["resource"]["request"]["unrecorded_denials"], 4);

    // Whoever tries one thing after the other is cut off, too.
    for number in 0..MAX_DENIALS_PER_MINUTE + 20 {
        let path = format!("{stores}/{number:032x}");
        assert_eq!(status(&app, &viewer, Method::DELETE, &path).await, 403);
    }
    assert_eq!(failures(&app).await.len(), 1 + MAX_DENIALS_PER_MINUTE);
}

#[tokio::test]
async fn a_binding_that_may_not_be_made_is_a_denial() {
    let (app, store) = TestApp::with_store().await;
    app.create_secret(&store, "KEY", "v").await;
    let developer = app.member_with(&[Role::WorkersPlatformAdmin]).await;
    let bindings = json!([{
        "name": "KEY", "type": "secrets_store_secret", "store_id": store, "secret_name": "KEY",
    }]);
    let metadata = json!({ "main_module": "index.js", "bindings": bindings });
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{metadata}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"index.js\"; filename=\"index.js\"\r\n\
         Content-Type: application/javascript+module\r\n\r\nexport default {{}}\r\n--b--\r\n"
    );
    let path = format!("{ACCOUNT}/workers/scripts/hello");
    let mut request = app.build(&developer, Method::PUT, &path, Body::from(body));
    let media_type = "multipart/form-data; boundary=b".parse().unwrap();
    request
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    let (status, errors) = failure(&app.send(request).await);
    assert_eq!((status, &errors[0][..6]), (400, "10021 "), "{errors:?}");
    let found = failures(&app).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["raw"]["status_code"], 400);
    assert_eq!(found[0]["resource"]["type"], "worker");
    assert_eq!(found[0]["resource"]["id"], "hello");
}

#[tokio::test]
async fn what_a_path_says_is_kept_only_if_it_can_be_the_thing_s_id() {
    let app = TestApp::new().await;
    let viewer = app.member_with(&[Role::AuditLogsViewer]).await;
    for (path, kind) in [
        ("members/%3D1%2B1", "member"),
        ("members/%0Aforged%20line", "member"),
        ("tokens/0123456789ABCDEF0123456789ABCDEF", "token"),
        ("secrets_store/stores/%00", "store"),
        ("workers/scripts/a%20worker", "worker"),
        ("workers/scripts/w/secrets/%1B%5B2J", "worker_secret"),
    ] {
        let before = failures(&app).await.len();
        let path = format!("{ACCOUNT}/{path}");
        assert_eq!(status(&app, &viewer, Method::DELETE, &path).await, 403);
        let after = failures(&app).await;
        assert_eq!(after.len(), before + 1, "{path}");
        let resource = &after[before]["resource"];
        assert_eq!(resource["type"], kind, "{path}");
        assert!(
            resource.get("id").is_none_or(|id| id == ""),
            "{path}: {resource}"
        );
    }
}

#[tokio::test]
async fn nobody_writes_into_another_user_s_log_by_naming_the_user_in_a_path() {
    let app = TestApp::new().await;
    let viewer = app.member_with(&[Role::AuditLogsViewer]).await;
    let admin = app.admin_id().await;
    let mine = async || {
        let path = "/user/audit_logs?per_page=1000";
        let answer = app
            .request_as(&app.admin_by_key(), Method::GET, path, None)
            .await;
        result(&answer).as_array().unwrap().len()
    };
    let before = mine().await;
    for (number, path) in ["members", "tokens", "secrets_store/stores"]
        .iter()
        .enumerate()
    {
        let path = format!("{ACCOUNT}/{path}/{admin}");
        assert_eq!(status(&app, &viewer, Method::DELETE, &path).await, 403);
        assert_eq!(failures(&app).await.len(), number + 1);
    }
    // Without an account, so that the account of neither is told.
    let owner = TokenOwner::User(app.add_user().await);
    let reads = [PermissionGroup::USER_DETAILS_READ];
    let reader = app.add_token(owner, &reads, TokenTimes::default()).await;
    let sessions = format!("/user/coffer/sessions/{admin}");
    assert_eq!(status(&app, &reader, Method::DELETE, &sessions).await, 403);
    assert_eq!(mine().await, before);
}
