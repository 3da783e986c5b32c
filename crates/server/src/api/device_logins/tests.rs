use axum::http::{Method, StatusCode};
use coffer_types::limits::MAX_DEVICE_LOGINS_PER_ADDRESS;
use serde_json::{Value, json};

use crate::testing::{Actor, TestApp, failure, result};

const ASK: &str = "/user/coffer/device_logins";
const POLL: &str = "/user/coffer/device_logins/token";

async fn send(app: &TestApp, path: &str, body: Value) -> (StatusCode, Value) {
    let answer = app
        .request_as(&Actor::nobody(), Method::POST, path, Some(body))
        .await;
    (answer.0, answer.2["result"].clone())
}

#[tokio::test]
async fn a_device_is_given_two_codes_and_waits() {
    let app = TestApp::new().await;
    let events = app.audit_events().await.len();
    let (status, asked) = send(&app, ASK, json!({ "name": "laptop" })).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        (&asked["expires_in"], &asked["interval"]),
        (&json!(600), &json!(5))
    );
    let code = asked["user_code"].as_str().unwrap();
    let page = asked["verification_uri"].as_str().unwrap();
    assert!(page.ends_with("/device"), "{page}");
    assert_eq!(
        asked["verification_uri_complete"],
        format!("{page}?code={code}")
    );
    assert!(
        !asked["verification_uri_complete"]
            .to_string()
            .contains(asked["device_code"].as_str().unwrap())
    );
    let poll = json!({ "device_code": asked["device_code"] });
    for expected in ["authorization_pending", "slow_down"] {
        let (status, polled) = send(&app, POLL, poll.clone()).await;
        assert_eq!(
            (status, &polled),
            (StatusCode::OK, &json!({ "status": expected }))
        );
    }
    // The short code is not the other one.
    let (_, polled) = send(&app, POLL, json!({ "device_code": code })).await;
    assert_eq!(polled["status"], "expired_token");
    // Whoever has no credentials writes nothing.
    assert_eq!(app.audit_events().await.len(), events);
}

#[tokio::test]
async fn few_wait_from_one_address() {
    let app = TestApp::new().await;
    for _ in 0..MAX_DEVICE_LOGINS_PER_ADDRESS {
        assert_eq!(send(&app, ASK, json!({})).await.0, StatusCode::OK);
    }
    assert_eq!(
        send(&app, ASK, json!({})).await.0,
        StatusCode::TOO_MANY_REQUESTS
    );
    app.clock.advance_micros(600_000_000);
    assert_eq!(send(&app, ASK, json!({})).await.0, StatusCode::OK);
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let app = TestApp::new().await;
    for (path, body) in [
        (ASK, json!({ "name": 5 })),
        (POLL, json!({})),
        (POLL, json!({ "device_code": 5 })),
    ] {
        assert_eq!(
            send(&app, path, body).await.0,
            StatusCode::BAD_REQUEST,
            "{path}"
        );
    }
    let other_site = Actor::with_headers(&[("sec-fetch-site", "cross-site")]);
    let answer = app
        .request_as(&other_site, Method::POST, ASK, Some(json!({})))
        .await;
    assert_eq!(failure(&answer).0, 403);
}

#[tokio::test]
async fn only_a_users_token_removes_itself() {
    let app = TestApp::new().await;
    let session = app.sign_in().await;
    let session = Actor::session(&crate::testing::session_text(&session));
    for actor in [
        session,
        Actor::global_key("admin@example.com", &app.first.global_api_key),
    ] {
        let answer = app.request_as(&actor, Method::DELETE, POLL, None).await;
        assert!(!answer.0.is_success());
    }
    let own = Actor::token(&app.first.api_token);
    result(&app.request_as(&own, Method::DELETE, POLL, None).await);
    let gone = app.request_as(&own, Method::DELETE, POLL, None).await;
    assert_eq!(gone.0, StatusCode::UNAUTHORIZED);
}
