//! How long sessions last, which requests they may make, and that nothing of them is told.

use axum::http::Method;
use coffer_crypto::{SystemRandom, TokenKind, TokenText};
use serde_json::{Value, json};

use crate::testing::{Actor, TestApp, failure, result, session_text};

const HOUR_MICROS: i64 = 3600 * 1_000_000;
const STORES: &str = "/accounts/{account_id}/secrets_store/stores";

async fn status(app: &TestApp, actor: &Actor) -> u16 {
    let answer = app.request_as(actor, Method::GET, "/user", None).await;
    answer.0.as_u16()
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends_after_twelve_hours() {
    let app = TestApp::new().await;
    let session = Actor::session(&session_text(&app.sign_in().await));
    app.clock.advance_micros(12 * HOUR_MICROS - 1);
    assert_eq!(status(&app, &session).await, 200);
    // The use counted, written or not, in memory or not.
    app.clock.advance_micros(12 * HOUR_MICROS - 1);
    app.engine.write_uses().await.unwrap();
    app.engine.write_uses().await.unwrap();
    assert_eq!(status(&app, &session).await, 200);
    app.clock.advance_micros(12 * HOUR_MICROS);
    assert_eq!(status(&app, &session).await, 401);
    app.clock.advance_micros(-1);
    assert_eq!(status(&app, &session).await, 200);
}

#[tokio::test]
async fn a_session_that_is_used_ends_after_seven_days() {
    let app = TestApp::new().await;
    let session = Actor::session(&session_text(&app.sign_in().await));
    for _ in 0..27 {
        app.clock.advance_micros(6 * HOUR_MICROS);
        assert_eq!(status(&app, &session).await, 200);
    }
    app.clock.advance_micros(6 * HOUR_MICROS - 1);
    assert_eq!(status(&app, &session).await, 200);
    app.clock.advance_micros(1);
    assert_eq!(status(&app, &session).await, 401);
}

#[tokio::test]
async fn cookies_that_are_no_session_are_refused() {
    let app = TestApp::new().await;
    let token = app.first.api_token.expose_secret();
    let unknown = TokenText::generate(TokenKind::Session, &SystemRandom);
    for text in [
        "nonsense",
        token,
        app.first.global_api_key.expose_secret(),
        unknown.expose_secret(),
    ] {
        let actor = Actor::session(text);
        let answer = app.request_as(&actor, Method::GET, "/user", None).await;
        let expected = (401, vec!["10000 Authentication error".to_owned()]);
        assert_eq!(failure(&answer), expected);
    }
    let answer = app
        .request_as(&Actor::session(""), Method::GET, "/user", None)
        .await;
    assert_eq!(failure(&answer).1[0][..5], *"9106 ");
    // Nor is a session's text a token.
    let text = session_text(&app.sign_in().await);
    let bearer = format!("Bearer {text}");
    let answer = app
        .request_as(
            &Actor::with_headers(&[("authorization", &bearer)]),
            Method::GET,
            "/user",
            None,
        )
        .await;
    assert_eq!(failure(&answer).0, 401);
}

#[tokio::test]
async fn other_credentials_count_before_the_cookie() {
    let app = TestApp::new().await;
    let text = session_text(&app.sign_in().await);
    let wrong = TokenText::generate(TokenKind::ApiToken, &SystemRandom);
    let wrong = format!("Bearer {}", wrong.expose_secret());
    let actor = Actor::session(&text).and("authorization", &wrong);
    assert_eq!(status(&app, &actor).await, 401);
    // A token needs no origin, whatever cookie comes along.
    let right = format!("Bearer {}", app.first.api_token.expose_secret());
    let actor = Actor::cookie(&text).and("authorization", &right);
    let body = Some(json!({ "name": "dev" }));
    result(&app.request_as(&actor, Method::POST, STORES, body).await);
}

#[tokio::test]
async fn only_pages_of_this_origin_change_something_by_a_cookie() {
    let app = TestApp::new().await;
    let cookie = Actor::cookie(&session_text(&app.sign_in().await));
    let host = cookie.clone().and("host", "coffer.example.com");
    let events = app.audit_events().await.len();
    for actor in [
        cookie.clone(),
        host.clone(),
        host.clone().and("origin", "https://evil.example.com"),
        host.clone().and("origin", "https://sub.coffer.example.com"),
        host.clone()
            .and("origin", "https://coffer.example.com:8443"),
        host.clone().and("origin", "null"),
        cookie.clone().and("origin", "https://coffer.example.com"),
        host.clone().and("sec-fetch-site", "cross-site"),
        host.clone().and("sec-fetch-site", "same-site"),
        host.clone().and("sec-fetch-site", "none"),
        host.clone()
            .and("origin", "https://coffer.example.com")
            .and("sec-fetch-site", "same-site"),
        host.clone().and("referer", "https://coffer.example.com/"),
    ] {
        for (method, path) in [
            (Method::POST, STORES),
            (Method::PUT, "/user/coffer/password"),
            (
                Method::PATCH,
                "/accounts/{account_id}/workers/scripts/a/settings",
            ),
            (Method::DELETE, "/user/coffer/sessions"),
        ] {
            let body = Some(json!({ "name": "dev" }));
            let answer = app.request_as(&actor, method, path, body).await;
            let (status, errors) = failure(&answer);
            assert_eq!((status, &errors[0][..5]), (403, "9109 "), "{actor:?}");
            assert!(errors[0].contains("Origin"), "{errors:?}");
        }
        // Reading is no matter of where from: the answer is for this origin's pages alone.
        assert_eq!(status(&app, &actor).await, 200);
    }
    assert_eq!(app.audit_events().await.len(), events);
    app.set_limits(|limits| limits.stores = 10).await;
    for (name, actor) in [
        (
            "a",
            host.clone().and("origin", "https://coffer.example.com"),
        ),
        ("b", host.clone().and("origin", "http://coffer.example.com")),
        ("c", cookie.clone().and("sec-fetch-site", "same-origin")),
        (
            "d",
            host.and("origin", "https://behind-a-proxy.example.com")
                .and("sec-fetch-site", "same-origin"),
        ),
    ] {
        let body = Some(json!({ "name": name }));
        result(&app.request_as(&actor, Method::POST, STORES, body).await);
    }
}

#[tokio::test]
async fn a_session_may_do_what_its_user_may_and_no_more() {
    let app = TestApp::new().await;
    let user = app.add_user().await;
    let session = app.session_of(user).await;
    let answer = app.request_as(&session, Method::GET, STORES, None).await;
    assert_eq!(failure(&answer).0, 404);
    let reporter = [coffer_types::Role::SecretsStoreReporter];
    app.add_member(app.first.account_id, user, &reporter).await;
    result(&app.request_as(&session, Method::GET, STORES, None).await);
    let body = Some(json!({ "name": "dev" }));
    let answer = app.request_as(&session, Method::POST, STORES, body).await;
    assert_eq!(failure(&answer).0, 403);
}

/// What must be nowhere but in the one answer that gives it: neither in the database's files nor in the audit log.
#[tokio::test]
async fn texts_are_given_once_and_kept_nowhere() {
    let app = TestApp::new().await;
    let signed_in = app.sign_in().await;
    let session = session_text(&signed_in);
    let actor = Actor::session(&session);
    let old = app.first.password.expose_secret().to_owned();
    let new = "a password that is marked: wombat".to_owned();
    let body = json!({ "current_password": old, "new_password": new });
    let changed = app
        .request_as(&actor, Method::PUT, "/user/coffer/password", Some(body))
        .await;
    result(&changed);
    let body = json!({ "password": new });
    let rolled = app
        .request_as(
            &actor,
            Method::POST,
            "/user/coffer/global_key/roll",
            Some(body),
        )
        .await;
    let key = result(&rolled)["value"].as_str().unwrap().to_owned();
    let listed = app
        .request_as(&actor, Method::GET, "/user/coffer/sessions", None)
        .await;
    app.sign_in().await;
    app.engine.close().await;

    let told: Vec<&Value> = vec![&signed_in.2, &changed.2, &listed.2];
    let told = told.iter().map(ToString::to_string).collect::<String>();
    let before = app.first.global_api_key.expose_secret();
    for secret in [&session, &old, &new, &key, &before.to_owned()] {
        assert!(!told.contains(secret.as_str()));
        for entry in std::fs::read_dir(app.directory.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                let found = bytes
                    .windows(secret.len())
                    .any(|window| window == secret.as_bytes());
                assert!(!found, "{}", path.display());
            }
        }
    }
}
