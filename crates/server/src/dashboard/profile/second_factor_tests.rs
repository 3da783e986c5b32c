use std::sync::Arc;

use axum::http::{Method, StatusCode, header};
use coffer_crypto::{OneTimeSecret, SystemRandom};
use coffer_engine::{Error, Installation, Missing};
use coffer_types::Clock;
use serde_json::json;

use crate::testing::browser::{Browser, Page};
use crate::testing::{TestApp, failure, result};

const SET_UP: &str = "/profile/second-factor/set-up";
const CONFIRM: &str = "/profile/second-factor/confirm";
const REMOVE: &str = "/profile/second-factor/remove";
const RENEW: &str = "/profile/second-factor/recovery-codes";
const STEP: &str = "/sign-in/code";
const EMAIL: &str = "admin@example.com";

/// An app that shows codes.
struct Authenticator<'a> {
    app: &'a TestApp,
    secret: OneTimeSecret,
}

impl Authenticator<'_> {
    fn code(&self) -> String {
        self.secret.code_at(self.app.clock.now())
    }

    /// The next code: each counts once.
    fn next_code(&self) -> String {
        self.app.clock.advance_seconds(30);
        self.code()
    }
}

/// Sends a form with the token that this page has.
async fn send(browser: &Browser<'_>, page: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
    let token = page.between("name=\"form_token\" value=\"", "\"");
    let fields = [&[("form_token", token)], fields].concat();
    browser.send(path, &fields).await
}

/// Sets an app up. Gives it and the recovery codes.
async fn set_up<'a>(app: &'a TestApp, browser: &Browser<'_>) -> (Authenticator<'a>, Vec<String>) {
    let password = app.first.password.expose_secret();
    let page = browser.submit(SET_UP, &[("password", password)]).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    let secret = page.between("secret=", "&").to_owned();
    assert!(page.html.contains("class=\"qr\"") && !page.html.contains(password));
    let secret = OneTimeSecret::of_base32(&secret).unwrap();
    let authenticator = Authenticator { app, secret };
    // A wrong code is told, beside the same secret.
    let wrong = send(browser, &page, CONFIRM, &[("code", "000")]).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.html.contains("code-problem"));
    assert_eq!(wrong.between("secret=", "&"), page.between("secret=", "&"));
    let code = authenticator.code();
    let page = send(browser, &page, CONFIRM, &[("code", &code)]).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    let codes = page.between("<code>", "</code>").lines();
    (authenticator, codes.map(ToOwned::to_owned).collect())
}

/// The page that asks for a code.
async fn first_step(app: &TestApp) -> (Browser<'_>, String) {
    let mut browser = Browser::new(app);
    let page = browser
        .sign_in(EMAIL, app.first.password.expose_secret())
        .await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    assert!(!page.headers.contains_key(header::SET_COOKIE));
    let pending = page.between("name=\"pending\" value=\"", "\"").to_owned();
    (browser, pending)
}

async fn second_step(browser: &Browser<'_>, pending: &str, code: &str) -> Page {
    let fields = [("pending", pending), ("code", code), ("to", "/profile")];
    browser.send(STEP, &fields).await
}

#[tokio::test]
async fn a_code_is_asked_for_after_the_password_and_counts_once() {
    let app = TestApp::new().await;
    let owner = Browser::of_administrator(&app).await;
    let (authenticator, codes) = set_up(&app, &owner).await;
    assert_eq!(codes.len(), 10);
    assert!(
        owner
            .open("/profile")
            .await
            .html
            .contains("10 recovery codes are left")
    );

    // The code that set it up was used by that.
    let (browser, pending) = first_step(&app).await;
    let used = authenticator.code();
    for wrong in ["", "123", &used] {
        let page = second_step(&browser, &pending, wrong).await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{wrong}");
        assert!(!page.headers.contains_key(header::SET_COOKIE));
    }
    // What stands between the steps opens nothing.
    for cookie in [pending.as_str(), ""] {
        let request = axum::http::Request::get("/profile")
            .header(header::COOKIE, format!("__Host-coffer_session={cookie}"));
        let page = Browser::new(&app)
            .ask(request, axum::body::Body::empty())
            .await;
        assert_eq!(page.status, StatusCode::SEE_OTHER);
    }
    let code = authenticator.next_code();
    let page = second_step(&browser, &pending, &code).await;
    assert_eq!(page.location(), "/profile", "{}", page.html);
    assert!(page.headers.contains_key(header::SET_COOKIE));
    // Not always the last event: refusals are written behind their answers.
    let events = app.audit_events().await;
    assert!(
        events
            .iter()
            .any(|event| event.details["second_factor"] == "authenticator")
    );
    let page = second_step(&browser, &pending, &code).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);

    // A recovery code too counts once, however it is typed.
    let recovery = codes[3].replace('-', " ").to_uppercase();
    let page = second_step(&browser, &pending, &recovery).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    let events = app.audit_events().await;
    assert!(
        events
            .iter()
            .any(|event| event.details["second_factor"] == "recovery code")
    );
    let page = second_step(&browser, &pending, &recovery).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(
        owner
            .open("/profile")
            .await
            .html
            .contains("9 recovery codes are left")
    );
}

#[tokio::test]
async fn the_second_step_ends_and_cannot_be_made_up() {
    let app = TestApp::new().await;
    let owner = Browser::of_administrator(&app).await;
    let (authenticator, _) = set_up(&app, &owner).await;
    let (browser, pending) = first_step(&app).await;
    let code = authenticator.next_code();
    let (rest, mac) = pending.rsplit_once('.').unwrap();
    let (id, until) = rest.split_once('.').unwrap();
    let later = until.parse::<i64>().unwrap() + 1;
    for made_up in [
        String::new(),
        "a.b.c".to_owned(),
        format!("{id}.{later}.{mac}"),
        format!("{id}.{until}."),
        format!("{id}.{until}.{}", mac.replace(&mac[..1], "g")),
    ] {
        let page = second_step(&browser, &made_up, &code).await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{made_up}");
        assert!(page.html.contains("took too long"));
    }
    app.clock.advance_seconds(300);
    let code = authenticator.code();
    let page = second_step(&browser, &pending, &code).await;
    assert!(page.html.contains("took too long"));
}

#[tokio::test]
async fn codes_are_tried_as_often_as_passwords_and_no_more() {
    let app = TestApp::new().await;
    let owner = Browser::of_administrator(&app).await;
    let (authenticator, _) = set_up(&app, &owner).await;
    let (browser, pending) = first_step(&app).await;
    let mut tries = 0;
    while second_step(&browser, &pending, "000").await.status == StatusCode::UNAUTHORIZED {
        tries += 1;
        assert!(tries < 100);
    }
    let code = authenticator.next_code();
    let page = second_step(&browser, &pending, &code).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn the_api_asks_for_the_code_too() {
    let app = TestApp::new().await;
    let owner = Browser::of_administrator(&app).await;
    let (authenticator, _) = set_up(&app, &owner).await;
    let password = app.first.password.expose_secret();
    let sign_in = async |code: Option<&str>| {
        let mut body = json!({ "email": EMAIL, "password": password });
        if let Some(code) = code {
            body["code"] = json!(code);
        }
        let request = axum::http::Request::post("/client/v4/user/coffer/sessions")
            .header(header::CONTENT_TYPE, "application/json")
            .body(axum::body::Body::from(body.to_string()));
        app.send(request.unwrap()).await
    };
    for code in [None, Some("123")] {
        let (status, errors) = failure(&sign_in(code).await);
        assert_eq!(status, 401);
        assert!(errors[0].contains("second_factor_needed"), "{errors:?}");
    }
    let code = authenticator.next_code();
    result(&sign_in(Some(&code)).await);
    let user = app.request(Method::GET, "/user", None).await;
    assert_eq!(result(&user)["two_factor_authentication_enabled"], true);
    let members = app
        .request(Method::GET, "/accounts/{account_id}/members", None)
        .await;
    let member = &result(&members)[0]["user"];
    assert_eq!(member["two_factor_authentication_enabled"], true);
}

#[tokio::test]
async fn it_is_removed_and_its_codes_renewed_with_password_and_code() {
    let app = TestApp::new().await;
    let owner = Browser::of_administrator(&app).await;
    let (authenticator, old) = set_up(&app, &owner).await;
    let password = app.first.password.expose_secret();
    for path in [REMOVE, RENEW] {
        for (password, code, told) in [
            ("wrong", authenticator.next_code(), "password-problem"),
            (
                password,
                "123".to_owned(),
                "This is no code of your authenticator app",
            ),
        ] {
            let fields = [("password", password), ("code", &code)];
            let page = owner.submit(path, &fields).await;
            assert_eq!(page.status, StatusCode::BAD_REQUEST);
            assert!(page.html.contains(told), "{}", page.html);
        }
    }
    // It is not replaced behind its owner's back.
    let page = owner.submit(SET_UP, &[("password", password)]).await;
    assert!(page.html.contains("remove it first"), "{}", page.html);

    let code = authenticator.next_code();
    let page = owner
        .submit(RENEW, &[("password", password), ("code", &code)])
        .await;
    assert!(page.html.contains("Recovery codes") && !page.html.contains(&old[0]));
    let page = owner
        .submit(REMOVE, &[("password", password), ("code", &old[0])])
        .await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    let code = authenticator.next_code();
    let page = owner
        .submit(REMOVE, &[("password", password), ("code", &code)])
        .await;
    assert_eq!(page.location(), "/profile?done=second-factor-removed");
    let mut again = Browser::new(&app);
    let page = again.sign_in(EMAIL, password).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_was_begun_counts_for_nothing_and_ends() {
    let app = TestApp::new().await;
    let owner = Browser::of_administrator(&app).await;
    let password = app.first.password.expose_secret();
    let page = owner.submit(SET_UP, &[("password", password)]).await;
    let secret = OneTimeSecret::of_base32(page.between("secret=", "&")).unwrap();
    // Nobody is locked out by it.
    Browser::of_administrator(&app).await;
    app.clock.advance_seconds(15 * 60);
    let code = secret.code_at(app.clock.now());
    let page = send(&owner, &page, CONFIRM, &[("code", &code)]).await;
    assert_eq!(page.location(), SET_UP);
    Browser::of_administrator(&app).await;
}

#[tokio::test]
async fn the_operator_removes_one_that_was_lost() {
    let app = TestApp::new().await;
    let owner = Browser::of_administrator(&app).await;
    let operator = Installation::of_parts(
        app.store.clone(),
        Arc::clone(&app.keyring),
        app.clock.clone(),
        Arc::new(SystemRandom),
    );
    let remove = async |email: &str| operator.remove_second_factor(&email.parse().unwrap()).await;
    let none = remove(EMAIL).await.unwrap_err();
    assert!(matches!(none, Error::NotFound(Missing::SecondFactor)));
    let nobody = remove("nobody@example.com").await.unwrap_err();
    assert!(matches!(nobody, Error::NotFound(Missing::User)));

    let (authenticator, _) = set_up(&app, &owner).await;
    let (browser, pending) = first_step(&app).await;
    assert_eq!(remove(EMAIL).await.unwrap(), 1);
    let page = owner.open("/profile").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "the session has ended");
    let code = authenticator.next_code();
    let page = second_step(&browser, &pending, &code).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    // The password alone signs in again, and another app may be set up.
    let owner = Browser::of_administrator(&app).await;
    set_up(&app, &owner).await;
    let events = app.audit_events().await;
    let removed = events
        .iter()
        .find(|event| event.details["sessions_ended"] == 1);
    let removed = removed.expect("the event of the operator");
    assert_eq!(removed.details["second_factor"], "disabled");
    assert_eq!(removed.actor_id, "operator");
}
