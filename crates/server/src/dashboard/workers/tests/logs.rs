//! The page of live logs, and the stream behind it.

use axum::http::{Method, StatusCode};
use coffer_types::Role;
use coffer_types::limits::TAILS_PER_WORKER;
use serde_json::{Value, json};

use super::below;
use crate::testing::TestApp;
use crate::testing::browser::Browser;

#[tokio::test]
async fn whoever_may_follow_has_a_page_that_says_what_it_needs() {
    let app = TestApp::new().await;
    app.upload("shop", json!([])).await;
    let browser = Browser::of_administrator(&app).await;
    let page = browser.open(&below("logs")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("npx wrangler tail shop") && page.html.contains("logs/stream"));
    let browser = Browser::of_member(&app, &[Role::SecretsStoreDeployer]).await;
    assert_eq!(
        browser.open(&below("logs")).await.status,
        StatusCode::FORBIDDEN
    );
    assert!(
        !browser
            .open(&below("settings"))
            .await
            .html
            .contains("/logs\"")
    );
    let page = browser.send(&below("logs/stream"), &[]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_stream_is_for_our_own_page_and_tells_why_it_ends() {
    let app = TestApp::new().await;
    app.upload("shop", json!([])).await;
    let browser = Browser::of_administrator(&app).await;
    let events = app.audit_events().await.len();
    let page = browser
        .send(&below("logs/stream"), &[("form_token", "x")])
        .await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_eq!(app.audit_events().await.len(), events);
    let tails = "/accounts/{account_id}/workers/scripts/shop/tails";
    for _ in 0..TAILS_PER_WORKER {
        app.request(Method::POST, tails, Some(json!({}))).await;
    }
    let page = browser.open(&below("logs")).await;
    let token = page
        .between("name=\"form_token\" value=\"", "\"")
        .to_owned();
    let fields = [
        ("form_token", token.as_str()),
        ("outcome", "error"),
        ("search", "x"),
    ];
    let page = browser.send(&below("logs/stream"), &fields).await;
    assert_eq!(page.headers["content-type"], "application/x-ndjson");
    let line: Value = serde_json::from_str(page.html.trim()).unwrap();
    assert_eq!(line["kind"], "end");
    assert!(
        line["what"].as_str().unwrap().contains("tails per Worker"),
        "{line}"
    );
}
