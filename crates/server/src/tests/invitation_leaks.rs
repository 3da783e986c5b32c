//! An invitation's text and the passwords that go in with it: what is told once must be in no log and no file.

use axum::body::Body;
use axum::http::{Method, Request, header};
use coffer_crypto::SystemRandom;
use coffer_testkit::Canary;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::leaks::Log;
use crate::testing::members::{accept, invited};
use crate::testing::{Actor, TestApp, result};

/// Whether a text occurs, as it is or as an address or a form carries it.
fn holds(haystack: &[u8], text: &str) -> bool {
    haystack
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

async fn page(app: &TestApp, request: Request<Body>) -> Vec<u8> {
    let response = app.router.clone().oneshot(request).await.unwrap();
    let mut bytes = format!("{:?}", response.headers()).into_bytes();
    let body = response.into_body().collect().await.unwrap();
    bytes.extend_from_slice(&body.to_bytes());
    bytes
}

fn form(text: &str, password: &str, repeat: &str) -> Request<Body> {
    Request::post(format!("/invitations/{text}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("password={password}&repeat={repeat}")))
        .unwrap()
}

#[tokio::test]
async fn invitations_and_passwords_are_in_no_page_no_log_and_no_file() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    // For all threads: the database works on threads of its own.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let app = TestApp::new().await;
    let canary = Canary::new(&SystemRandom);
    let mark: String = canary
        .value()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    assert!(mark.len() >= 12, "{mark}");
    let by_page = invited(&app, "page@example.com").await.text;
    let by_call = invited(&app, "call@example.com").await.text;

    let mut shown = Vec::new();
    let get = || Request::get(format!("/invitations/{by_page}"));
    shown.extend(page(&app, get().body(Body::empty()).unwrap()).await);
    shown.extend(page(&app, form(&by_page, &mark, "other")).await);
    shown.extend(page(&app, form(&by_page, &mark[..11], &mark[..11])).await);
    let long = mark.repeat(100);
    shown.extend(page(&app, form(&by_page, &long, &long)).await);
    let joined = page(&app, form(&by_page, &mark, &mark)).await;
    assert!(holds(&joined, "You have joined"));
    shown.extend(joined);
    shown.extend(page(&app, form(&by_page, &mark, &mark)).await);
    let accepted = accept(&app, &by_call, &mark).await;
    shown.extend(result(&accepted).to_string().into_bytes());
    let again = accept(&app, &by_call, &mark).await;
    shown.extend(again.2.to_string().into_bytes());
    let body = serde_json::json!({ "invitation": [by_call], "password": { "x": mark } });
    let path = crate::testing::members::ACCEPT;
    let nobody = Actor::nobody();
    let wrong = app.request_as(&nobody, Method::POST, path, Some(body));
    shown.extend(wrong.await.2.to_string().into_bytes());
    // The password did go in.
    result(&app.sign_in_with("page@example.com", &mark).await);

    for secret in [&by_page[..], &by_call, &mark] {
        assert!(
            !holds(&shown, secret),
            "{}",
            String::from_utf8_lossy(&shown)
        );
        assert!(!holds(&log.0.lock(), secret));
    }
    for entry in std::fs::read_dir(app.directory.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            for secret in [&by_page[..], &by_call, &mark] {
                assert!(!holds(&bytes, secret), "{}", path.display());
            }
        }
    }
    let log = log.0.lock();
    assert!(holds(&log, "INSERT INTO invitations") && holds(&log, "answered"));
}
