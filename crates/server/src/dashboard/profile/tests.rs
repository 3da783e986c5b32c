use axum::http::{Method, StatusCode, header};
use coffer_types::Role;
use serde_json::json;

use crate::testing::browser::{Browser, Page};
use crate::testing::{TestApp, result, text_at};

const PASSWORD: &str = "correct horse battery";

/// The addresses of links on a page that begin and end so.
fn links(page: &Page, begin: &str, end: &str) -> Vec<String> {
    let parts = page.html.split("href=\"").skip(1);
    let links = parts.filter_map(|part| part.split_once('"').map(|(link, _)| link.to_owned()));
    links
        .filter(|link| link.starts_with(begin) && link.ends_with(end))
        .collect()
}

fn email_on(page: &Page) -> String {
    let email = page.between("<dt>E-mail address</dt><dd>", "</dd>");
    email.to_owned()
}

#[tokio::test]
async fn the_name_is_edited_and_a_bad_one_told() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let path = "/profile/name";
    let long = format!("<b>{}", "x".repeat(60));
    let page = browser
        .submit(path, &[("first_name", &long), ("last_name", "Smith")])
        .await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.html.contains("first_name-problem") && page.html.contains("value=\"Smith\""));
    assert!(!page.html.contains("<b>"));
    let page = browser
        .submit(path, &[("first_name", "Ann & Co"), ("last_name", "")])
        .await;
    assert_eq!(page.location(), "/profile?done=profile-saved");
    let page = browser.open(page.location()).await;
    assert!(page.html.contains("Ann &#38; Co") && page.html.contains("Your profile was saved."));
}

#[tokio::test]
async fn the_password_is_changed_and_other_sessions_end() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let other = Browser::of_administrator(&app).await;
    let old = app.first.password.expose_secret();
    let path = "/profile/password";
    for (current, new, repeat, told) in [
        (
            "wrong",
            PASSWORD,
            PASSWORD,
            "This is not your current password.",
        ),
        (old, "short", "short", "needs at least 12 characters"),
        (old, PASSWORD, "other", "The two passwords differ."),
        ("", PASSWORD, PASSWORD, "Enter your current password."),
        (
            old,
            "admin@example.com",
            "admin@example.com",
            "must not be the e-mail address",
        ),
    ] {
        let fields = [
            ("current_password", current),
            ("new_password", new),
            ("repeat", repeat),
        ];
        let page = browser.submit(path, &fields).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{told}");
        assert!(page.html.contains(told), "{told}: {}", page.html);
        assert!(!page.html.contains(PASSWORD) && !page.html.contains(old));
    }
    let fields = [
        ("current_password", old),
        ("new_password", PASSWORD),
        ("repeat", PASSWORD),
    ];
    let page = browser.submit(path, &fields).await;
    assert_eq!(page.location(), "/profile?done=password-changed");
    assert_eq!(browser.open("/profile").await.status, StatusCode::OK);
    assert_eq!(other.open("/profile").await.status, StatusCode::SEE_OTHER);
    let mut again = Browser::new(&app);
    let page = again.sign_in("admin@example.com", PASSWORD).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn sessions_are_listed_and_end_one_by_one_or_all() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    app.clock.advance_seconds(1);
    let other = Browser::of_administrator(&app).await;
    app.clock.advance_seconds(1);
    let third = Browser::of_administrator(&app).await;
    let page = browser.open("/profile").await;
    let sessions = links(&page, "/profile/sessions/", "/end");
    // Each session, and all of them.
    assert_eq!(sessions.len(), 4, "{sessions:?}");
    assert_eq!(page.html.matches("this one").count(), 1);
    // The newest is first, and it is the third's.
    let asked = browser.open(&sessions[1]).await;
    assert!(asked.html.contains("has to sign in again"));
    let page = browser.submit(&sessions[1], &[]).await;
    assert_eq!(page.location(), "/profile?done=session-ended");
    assert_eq!(third.open("/profile").await.status, StatusCode::SEE_OTHER);
    assert_eq!(other.open("/profile").await.status, StatusCode::OK);
    // Somebody else's session is nobody's here.
    let stranger = Browser::of_member(&app, &[Role::SecretsStoreReporter]).await;
    let page = stranger.open(&sessions[2]).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    let page = stranger.submit("/profile/sessions/end", &[]).await;
    assert_eq!(page.location(), "/sign-in");
    assert_eq!(other.open("/profile").await.status, StatusCode::OK);
    let page = browser.submit("/profile/sessions/end", &[]).await;
    assert_eq!(page.location(), "/sign-in");
    let cookie = page.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("Max-Age=0"));
    for browser in [&browser, &other] {
        assert_eq!(browser.open("/profile").await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn ending_the_session_in_use_signs_out() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let page = browser.open("/profile").await;
    let own = &links(&page, "/profile/sessions/", "/end")[1];
    assert!(
        browser
            .open(own)
            .await
            .html
            .contains("you are signed out here")
    );
    let page = browser.submit(own, &[]).await;
    assert_eq!(page.location(), "/sign-in");
}

#[tokio::test]
async fn the_global_key_is_shown_for_the_password_only() {
    let app = TestApp::new().await;
    let browser = Browser::of_administrator(&app).await;
    let (key, password) = (
        app.first.global_api_key.expose_secret(),
        app.first.password.expose_secret(),
    );
    assert!(!browser.open("/profile").await.html.contains(key));
    for task in ["view", "roll", "disable"] {
        let path = format!("/profile/global-key/{task}");
        for wrong in ["", "wrong"] {
            let page = browser.submit(&path, &[("password", wrong)]).await;
            assert_eq!(page.status, StatusCode::BAD_REQUEST, "{task}");
            assert!(page.html.contains("password-problem") && !page.html.contains(key));
        }
    }
    let fields = [("password", password)];
    let page = browser.submit("/profile/global-key/view", &fields).await;
    assert!(page.html.contains(key) && !page.html.contains(password));
    let page = browser.submit("/profile/global-key/roll", &fields).await;
    assert!(page.html.contains("New global API key") && !page.html.contains(key));
    let page = browser.submit("/profile/global-key/disable", &fields).await;
    assert_eq!(page.location(), "/profile?done=global-key-changed");
    let page = browser.open("/profile").await;
    assert!(page.html.contains("disabled") && !page.html.contains("global-key/view"));
    browser.submit("/profile/global-key/enable", &fields).await;
    let page = browser.open("/profile").await;
    assert!(page.html.contains("global-key/view"));
    let page = browser.open("/profile/global-key/steal").await;
    assert!(page.status.is_client_error());
}

#[tokio::test]
async fn memberships_are_listed_and_left() {
    let app = TestApp::new().await;
    let administrator = Browser::of_administrator(&app).await;
    let page = administrator.open("/profile").await;
    let own = &links(&page, "/profile/memberships/", "/leave")[0];
    let refused = administrator.submit(own, &[]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.html.contains("only Super Administrator"));
    let mut member = Browser::of_member(&app, &[Role::SecretsStoreReporter]).await;
    // Another's membership is nobody's here.
    assert_eq!(member.open(own).await.status, StatusCode::NOT_FOUND);
    let page = member.open("/profile").await;
    assert!(page.html.contains("Secrets Store Reporter"));
    let email = email_on(&page);
    let own = &links(&page, "/profile/memberships/", "/leave")[0];
    assert!(
        member
            .open(own)
            .await
            .html
            .contains("Only a new invitation")
    );
    let page = member.submit(own, &[]).await;
    // Whoever is in no account is signed out, and can sign in again.
    assert_eq!(page.location(), "/sign-in");
    assert_eq!(member.open("/profile").await.status, StatusCode::SEE_OTHER);
    member.sign_in(&email, PASSWORD).await;
    let page = member.open("/profile").await;
    assert!(page.html.contains("No account"), "{}", page.html);
}

#[tokio::test]
async fn an_invitation_is_refused() {
    let app = TestApp::new().await;
    let member = Browser::of_member(&app, &[Role::SecretsStoreReporter]).await;
    let email = email_on(&member.open("/profile").await);
    let other = app.other_account().await;
    let path = format!("/accounts/{}/members", other.id);
    let body = json!({ "email": email, "roles": [Role::AuditLogsViewer.id()] });
    let invite = async || {
        let sent = app.request_as(&other.admin, Method::POST, &path, Some(body.clone()));
        result(&sent.await).clone()
    };
    let invitation = invite().await;
    let id = text_at(&invitation, "/id");
    let page = member.open("/profile").await;
    assert!(page.html.contains("invited") && page.html.contains("open the link"));
    let own = format!("/profile/memberships/{id}/leave");
    assert!(member.open(&own).await.html.contains("Refuse invitation"));
    let page = member.submit(&own, &[]).await;
    assert_eq!(page.location(), "/profile?done=invitation-refused");
    let page = member.open("/profile").await;
    assert!(!page.html.contains("open the link"));
}
