use axum::http::{Method, StatusCode};
use coffer_types::Role;
use serde_json::{Value, json};

use crate::testing::browser::Browser;
use crate::testing::{Actor, TestApp, result, text_at};

const ASK: &str = "/user/coffer/device_logins";
const POLL: &str = "/user/coffer/device_logins/token";

async fn ask(app: &TestApp, name: &str) -> Value {
    let body = json!({ "name": name });
    let nobody = Actor::nobody();
    let answer = app.request_as(&nobody, Method::POST, ASK, Some(body)).await;
    result(&answer).clone()
}

async fn poll(app: &TestApp, asked: &Value) -> Value {
    app.clock.advance_micros(5_000_000);
    let body = json!({ "device_code": asked["device_code"] });
    let nobody = Actor::nobody();
    let answer = app
        .request_as(&nobody, Method::POST, POLL, Some(body))
        .await;
    result(&answer).clone()
}

fn page_of(asked: &Value) -> String {
    let url = text_at(asked, "/verification_uri_complete");
    format!("/device{}", url.split_once("/device").unwrap().1)
}

async fn answer(browser: &Browser<'_>, asked: &Value, fields: &[(&str, &str)]) -> StatusCode {
    let page = browser.open(&page_of(asked)).await;
    let token = page
        .between("name=\"form_token\" value=\"", "\"")
        .to_owned();
    let code = text_at(asked, "/user_code");
    let fields = [&[("form_token", token.as_str()), ("code", &code)], fields].concat();
    browser.send("/device", &fields).await.status
}

#[tokio::test]
async fn the_page_shows_what_asks_and_a_get_never_approves() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let page = browser.open("/device").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("Enter the code"), "{}", page.html);
    let asked = ask(&app, "laptop<script>alert(1)</script>").await;
    for _ in 0..2 {
        let page = browser
            .open(&format!("{}&answer=approve", page_of(&asked)))
            .await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.html.contains("only if you started"), "{}", page.html);
        assert!(page.html.contains("laptopscriptalert1script"));
        assert!(!page.html.contains("<script>"));
    }
    assert_eq!(poll(&app, &asked).await["status"], "authorization_pending");
    // However it is typed.
    let typed = text_at(&asked, "/user_code")
        .to_lowercase()
        .replace('-', "%20");
    let page = browser.open(&format!("/device?code={typed}")).await;
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn an_approved_device_is_given_a_token_once_which_its_user_sees_and_removes() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let asked = ask(&app, "laptop").await;
    let account = app.first.account_id.to_string();
    let none = answer(&browser, &asked, &[("answer", "approve")]).await;
    assert_eq!(none, StatusCode::BAD_REQUEST);
    let approve = [("answer", "approve"), ("account", account.as_str())];
    let approved = answer(&browser, &asked, &approve).await;
    assert_eq!(approved, StatusCode::SEE_OTHER);
    let page = browser.open("/device?done=device-approved").await;
    assert!(
        page.html.contains("The device is signed in within"),
        "{}",
        page.html
    );
    // The code was answered, so nobody answers it again.
    let page = browser.open(&page_of(&asked)).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);

    let polled = poll(&app, &asked).await;
    assert_eq!(polled["status"], "approved");
    assert_eq!(polled["token"]["name"], "coffer login on laptop");
    let text = text_at(&polled, "/access_token");
    let event = app.last_event().await;
    assert_eq!(
        (event.action.as_str(), event.resource_kind.as_str()),
        ("create", "token")
    );
    assert_eq!(event.details["login"]["device"], "laptop");
    assert!(!event.details.to_string().contains(&text));
    assert_eq!(poll(&app, &asked).await["status"], "expired_token");

    let header = format!("Bearer {text}");
    let device = Actor::with_headers(&[("authorization", &header)]);
    let who = app.request_as(&device, Method::GET, "/user", None).await;
    assert_eq!(result(&who)["email"], "admin@example.com");
    let stores = "/accounts/{account_id}/secrets_store/stores";
    let body = json!({ "name": "dev" });
    result(
        &app.request_as(&device, Method::POST, stores, Some(body))
            .await,
    );
    // It makes no tokens, and no members of its own.
    for tokens in ["/user/tokens", "/accounts/{account_id}/tokens"] {
        let answer = app
            .request_as(&device, Method::POST, tokens, Some(json!({})))
            .await;
        assert_eq!(answer.0, StatusCode::FORBIDDEN, "{tokens}");
    }
    let list = browser.open("/profile/api-tokens").await;
    assert!(
        list.html.contains("coffer login on laptop"),
        "{}",
        list.html
    );
    assert!(!list.html.contains(&text));

    result(&app.request_as(&device, Method::DELETE, POLL, None).await);
    let gone = app.request_as(&device, Method::GET, "/user", None).await;
    assert_eq!(gone.0, StatusCode::UNAUTHORIZED);
    let list = browser.open("/profile/api-tokens").await;
    assert!(!list.html.contains("coffer login on laptop"));
}

#[tokio::test]
async fn a_token_never_does_more_than_its_user() {
    let app = TestApp::new().await;
    let browser = Browser::of_member(&app, &[Role::SecretsStoreReporter]).await;
    let asked = ask(&app, "laptop").await;
    let account = app.first.account_id.to_string();
    let elsewhere = "0".repeat(32);
    let other = [("answer", "approve"), ("account", elsewhere.as_str())];
    assert_eq!(
        answer(&browser, &asked, &other).await,
        StatusCode::NOT_FOUND
    );
    let approve = [("answer", "approve"), ("account", account.as_str())];
    answer(&browser, &asked, &approve).await;
    let polled = poll(&app, &asked).await;
    let header = format!("Bearer {}", text_at(&polled, "/access_token"));
    let device = Actor::with_headers(&[("authorization", &header)]);
    let stores = "/accounts/{account_id}/secrets_store/stores";
    result(&app.request_as(&device, Method::GET, stores, None).await);
    let body = json!({ "name": "dev" });
    let refused = app
        .request_as(&device, Method::POST, stores, Some(body))
        .await;
    assert_eq!(refused.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_denied_device_is_told_so() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let asked = ask(&app, "laptop").await;
    let denied = answer(&browser, &asked, &[("answer", "deny")]).await;
    assert_eq!(denied, StatusCode::SEE_OTHER);
    let tokens = app.audit_events().await.len();
    assert_eq!(poll(&app, &asked).await["status"], "access_denied");
    assert_eq!(poll(&app, &asked).await["status"], "expired_token");
    assert_eq!(app.audit_events().await.len(), tokens);
}

#[tokio::test]
async fn a_code_is_too_old_after_ten_minutes() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let asked = ask(&app, "laptop").await;
    app.clock.advance_micros(600_000_000);
    let page = browser.open(&page_of(&asked)).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.html.contains("No device waits"), "{}", page.html);
    assert_eq!(poll(&app, &asked).await["status"], "expired_token");
}

#[tokio::test]
async fn whoever_guesses_codes_is_stopped() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let asked = ask(&app, "laptop").await;
    // What cannot be a code is no guess.
    for _ in 0..50 {
        let page = browser.open("/device?code=AEIO-0000").await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
    }
    let mut guesses = 0;
    while browser.open("/device?code=BBBB-BBBB").await.status == StatusCode::NOT_FOUND {
        guesses += 1;
        assert!(guesses < 100);
    }
    let page = browser.open(&page_of(&asked)).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_form_of_another_page_approves_nothing() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let asked = ask(&app, "laptop").await;
    let (code, account) = (
        text_at(&asked, "/user_code"),
        app.first.account_id.to_string(),
    );
    let fields = [
        ("form_token", "00"),
        ("code", code.as_str()),
        ("answer", "approve"),
        ("account", account.as_str()),
    ];
    let page = browser.send("/device", &fields).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_eq!(poll(&app, &asked).await["status"], "authorization_pending");
    let nobody = Browser::new(&app).open(&page_of(&asked)).await;
    assert_eq!(nobody.status, StatusCode::SEE_OTHER);
    assert!(
        nobody
            .location()
            .starts_with("/sign-in?to=%2Fdevice%3Fcode%3D")
    );
}
