//! Wrong credentials over the whole API: limited by address and by name, and never the right ones.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use coffer_crypto::{SystemRandom, TokenKind, TokenText};
use coffer_types::PermissionGroup;
use futures::future::join_all;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::app::App;
use crate::testing::{Actor, TestApp, answer_of, failure, result, text_at};

/// The default of wrong credentials that an address, and a name, has.
const PER_ADDRESS: usize = 20;
const PER_NAME: usize = 30;

/// Any path that needs credentials.
const PATH: &str = "/accounts/{account_id}/secrets_store/stores";
const SESSIONS: &str = "/user/coffer/sessions";

async fn ask(app: &TestApp, router: &Router, peer: &str, actor: &Actor) -> (u16, HeaderMap, Value) {
    let mut request = app.build(actor, Method::GET, PATH, Body::empty());
    let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
    request.extensions_mut().insert(ConnectInfo(peer));
    let (status, headers, body) = answer_of(router, request).await;
    (status.as_u16(), headers, body)
}

async fn status(app: &TestApp, peer: &str, actor: &Actor) -> u16 {
    ask(app, &app.router, peer, actor).await.0
}

/// The application as it is behind a proxy in 10.0.0.0/8.
fn behind_proxy(app: &TestApp) -> Router {
    let proxies = vec!["10.0.0.0/8".parse().unwrap()];
    let readiness = app.app.readiness.clone();
    let app = App::new(
        app.engine.clone(),
        readiness,
        app.traffic.clone(),
        "localhost",
        7080,
        "http://localhost:7070",
        proxies,
    );
    crate::router(app)
}

/// A wrong token that came through proxies.
fn forwarded(for_whom: &str) -> Actor {
    Actor::with_headers(&[
        ("authorization", "Bearer nonsense"),
        ("x-forwarded-for", for_whom),
    ])
}

fn wrong_key() -> TokenText {
    TokenText::generate(TokenKind::GlobalKey, &SystemRandom)
}

#[tokio::test]
async fn wrong_tokens_are_limited_and_right_ones_are_not() {
    let app = TestApp::new().await;
    for number in 0..PER_ADDRESS {
        // Well-formed or not, each counts.
        let wrong = match number % 2 {
            0 => Actor::wrong_token(),
            _ => Actor::with_headers(&[("authorization", "Bearer nonsense")]),
        };
        assert_eq!(status(&app, "192.0.2.1", &wrong).await, 401, "{number}");
        assert_eq!(status(&app, "192.0.2.1", &app.admin()).await, 200);
    }
    let (status_code, headers, body) =
        ask(&app, &app.router, "192.0.2.1", &Actor::wrong_token()).await;
    let answer = (StatusCode::from_u16(status_code).unwrap(), headers, body);
    let (code, errors) = failure(&answer);
    assert_eq!((code, &errors[0][..4]), (429, "971 "), "{errors:?}");
    assert!(errors[0].contains("try again in 3 s"), "{errors:?}");
    assert_eq!(answer.1["retry-after"], "3");

    // Nobody else is concerned, and not even the neighbour with a right credential.
    assert_eq!(status(&app, "192.0.2.2", &Actor::wrong_token()).await, 401);
    assert_eq!(status(&app, "192.0.2.1", &app.admin()).await, 200);
    assert_eq!(status(&app, "192.0.2.1", &app.admin_by_key()).await, 200);
    assert_eq!(status(&app, "192.0.2.1", &Actor::nobody()).await, 400);

    // After the time it said, and not before.
    app.clock.advance_micros(2_999_999);
    assert_eq!(status(&app, "192.0.2.1", &Actor::wrong_token()).await, 429);
    app.clock.advance_micros(1);
    assert_eq!(status(&app, "192.0.2.1", &Actor::wrong_token()).await, 401);
    assert_eq!(status(&app, "192.0.2.1", &Actor::wrong_token()).await, 429);
}

#[tokio::test]
async fn wrong_keys_are_limited_by_address_whatever_names_they_come_with() {
    let app = TestApp::new().await;
    for number in 0..PER_ADDRESS {
        let name = format!("user{number}@example.com");
        let actor = Actor::global_key(&name, &wrong_key());
        assert_eq!(status(&app, "2001:db8::1", &actor).await, 401);
    }
    let actor = Actor::global_key("another@example.com", &wrong_key());
    assert_eq!(status(&app, "2001:db8::ffff:1", &actor).await, 429);
    assert_eq!(status(&app, "2001:db8:0:1::1", &actor).await, 401);
}

#[tokio::test]
async fn wrong_keys_are_limited_by_name_whatever_addresses_they_come_from() {
    let app = TestApp::new().await;
    let spellings = [
        "admin@example.com",
        " ADMIN@example.com ",
        "Admin@Example.Com",
    ];
    for number in 0..PER_NAME {
        let peer = format!("198.51.100.{number}");
        let actor = Actor::global_key(spellings[number % 3], &wrong_key());
        assert_eq!(status(&app, &peer, &actor).await, 401, "{number}");
    }
    for spelling in spellings {
        let actor = Actor::global_key(spelling, &wrong_key());
        assert_eq!(status(&app, "203.0.113.1", &actor).await, 429, "{spelling}");
    }
    // A text that cannot be a key is one that is wrong.
    let actor = Actor::with_headers(&[("x-auth-email", "admin@example.com"), ("x-auth-key", "k")]);
    assert_eq!(status(&app, "203.0.113.1", &actor).await, 429);
    let other = Actor::global_key("other@example.com", &wrong_key());
    assert_eq!(status(&app, "203.0.113.1", &other).await, 401);
    // Whoever has the key is not locked out, nor does it make others' attempts count anew.
    assert_eq!(status(&app, "203.0.113.1", &app.admin_by_key()).await, 200);
    let actor = Actor::global_key("admin@example.com", &wrong_key());
    assert_eq!(status(&app, "203.0.113.1", &actor).await, 429);
}

async fn sign_in(app: &TestApp, peer: &str, email: &str, password: &str) -> u16 {
    let body = json!({ "email": email, "password": password }).to_string();
    let mut request = app.build(&Actor::nobody(), Method::POST, SESSIONS, Body::from(body));
    let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
    request.extensions_mut().insert(ConnectInfo(peer));
    let json = "application/json".parse().unwrap();
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    app.send(request).await.0.as_u16()
}

#[tokio::test]
async fn a_limited_address_does_not_sign_in_and_others_do() {
    let app = TestApp::new().await;
    let (email, password) = (app.first.email.as_str(), app.first.password.expose_secret());
    for number in 0..PER_ADDRESS {
        let name = format!("user{number}@example.com");
        assert_eq!(sign_in(&app, "192.0.2.1", &name, "wrong").await, 401);
    }
    assert_eq!(sign_in(&app, "192.0.2.1", email, password).await, 429);
    assert_eq!(sign_in(&app, "192.0.2.2", email, password).await, 200);
    // Passwords are one thing, and tokens another.
    assert_eq!(status(&app, "192.0.2.1", &Actor::wrong_token()).await, 401);
    app.clock.advance_micros(3_000_000);
    assert_eq!(sign_in(&app, "192.0.2.1", email, password).await, 200);
}

#[tokio::test]
async fn nobody_keeps_a_user_from_signing_in_where_the_user_did_before() {
    let app = TestApp::new().await;
    let (email, password) = (app.first.email.as_str(), app.first.password.expose_secret());
    assert_eq!(sign_in(&app, "203.0.113.1", email, password).await, 200);
    for number in 0..PER_NAME {
        let peer = format!("198.51.100.{number}");
        assert_eq!(
            sign_in(&app, &peer, "ADMIN@example.com ", "wrong").await,
            401
        );
    }
    assert_eq!(sign_in(&app, "192.0.2.1", email, password).await, 429);
    assert_eq!(sign_in(&app, "203.0.113.1", email, password).await, 200);
    assert_eq!(status(&app, "192.0.2.1", &app.admin()).await, 200);
}

#[tokio::test]
async fn passwords_tried_at_the_same_time_pass_no_limit() {
    let app = TestApp::new().await;
    let (email, password) = (app.first.email.as_str(), app.first.password.expose_secret());
    let tries = (0..3 * PER_ADDRESS).map(|_| sign_in(&app, "192.0.2.1", email, "wrong"));
    let statuses = join_all(tries).await;
    let told = statuses.iter().filter(|status| **status == 401).count();
    assert_eq!(told, PER_ADDRESS, "{statuses:?}");
    let refused = statuses.iter().filter(|status| **status == 429).count();
    assert_eq!(refused, 2 * PER_ADDRESS, "{statuses:?}");
    assert_eq!(sign_in(&app, "192.0.2.1", email, password).await, 429);
}

#[tokio::test]
async fn no_header_gets_past_the_limit() {
    let app = TestApp::new().await;
    for router in [app.router.clone(), behind_proxy(&app)] {
        // Whoever is no proxy, loopback included, is believed nothing.
        for peer in ["192.0.2.7", "127.0.0.1"] {
            for number in 0..PER_ADDRESS {
                let actor = forwarded(&format!("203.0.113.{number}"));
                ask(&app, &router, peer, &actor).await;
            }
            let (status, ..) = ask(&app, &router, peer, &forwarded("203.0.113.99")).await;
            assert_eq!(status, 429, "{peer}");
        }
    }
    // Behind a proxy: what the client wrote stands left of what the proxy saw.
    let router = behind_proxy(&app);
    for number in 0..PER_ADDRESS {
        let actor = forwarded(&format!("203.0.113.{number}, 10.0.0.9, 198.51.100.1"));
        let (status, ..) = ask(&app, &router, "10.0.0.1", &actor).await;
        assert_eq!(status, 401);
    }
    let (status, ..) = ask(&app, &router, "10.0.0.1", &forwarded("x, 198.51.100.1")).await;
    assert_eq!(status, 429);
    for other in ["198.51.100.2", "198.51.100.1, 198.51.100.3", ""] {
        let (status, ..) = ask(&app, &router, "10.0.0.1", &forwarded(other)).await;
        assert_eq!(status, 401, "{other}");
    }
}

#[tokio::test]
async fn the_audit_log_has_the_address_of_the_client_behind_the_proxy() {
    let app = TestApp::new().await;
    app.set_limits(|limits| limits.stores = 2).await;
    for (router, name, address) in [
        (app.router.clone(), "first", "10.0.0.1"),
        (behind_proxy(&app), "second", "203.0.113.5"),
    ] {
        let body = Body::from(json!({ "name": name }).to_string());
        let mut request = app.build(&app.admin(), Method::POST, PATH, body);
        let peer: SocketAddr = "[::ffff:10.0.0.1]:4711".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let headers = request.headers_mut();
        headers.insert("content-type", "application/json".parse().unwrap());
        headers.insert("x-forwarded-for", "192.0.2.1, 203.0.113.5".parse().unwrap());
        result(&answer_of(&router, request).await);
        let log = "/accounts/{account_id}/audit_logs?action.type=create&per_page=1";
        let listed = app.request(Method::GET, log, None).await;
        let event = &result(&listed)[0];
        assert_eq!(event["actor"]["ip"], address, "{event}");
        let created = event["newValue"].as_str().unwrap();
        assert!(created.contains(name), "{event}");
    }
}

#[tokio::test]
async fn a_token_for_some_addresses_is_checked_against_the_client_behind_the_proxy() {
    let app = TestApp::new().await;
    let account = format!("com.cloudflare.api.account.{}", app.first.account_id);
    let group = PermissionGroup::SECRETS_STORE_READ.id;
    let body = json!({
        "name": "for some",
        "policies": [{
            "effect": "allow",
            "permission_groups": [{ "id": group }],
            "resources": { account: "*" },
        }],
        "condition": { "request_ip": { "in": ["203.0.113.0/24"] } },
    });
    let made = app.request(Method::POST, "/user/tokens", Some(body)).await;
    let bearer = format!("Bearer {}", text_at(result(&made), "/value"));
    let proxied = behind_proxy(&app);
    for (router, peer, forwarded_for, expected) in [
        (&proxied, "10.0.0.1", "203.0.113.5", 200),
        (&proxied, "10.0.0.1", "203.0.113.5, 198.51.100.1", 403),
        (&proxied, "198.51.100.1", "203.0.113.5", 403),
        (&app.router, "10.0.0.1", "203.0.113.5", 403),
    ] {
        let headers = [
            ("authorization", bearer.as_str()),
            ("x-forwarded-for", forwarded_for),
        ];
        let (status, ..) = ask(&app, router, peer, &Actor::with_headers(&headers)).await;
        assert_eq!(status, expected, "{peer} for {forwarded_for}");
    }
}

#[tokio::test]
async fn metrics_show_the_limits_and_what_they_did() {
    let app = TestApp::new().await;
    for _ in 0..=PER_ADDRESS {
        status(&app, "192.0.2.1", &Actor::wrong_token()).await;
    }
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = app.router.clone().oneshot(request).await.unwrap();
    let text = response.into_body().collect().await.unwrap().to_bytes();
    let text = std::str::from_utf8(&text).unwrap();
    for line in [
        r#"coffer_auth_limit_attempts{by="address"} 20"#,
        r#"coffer_auth_limit_window_seconds{by="address"} 60"#,
        r#"coffer_auth_limit_attempts{by="name"} 30"#,
        r#"coffer_auth_limit_window_seconds{by="name"} 3600"#,
        r#"coffer_auth_failures_total{kind="token"} 21"#,
        r#"coffer_auth_failures_total{kind="login"} 0"#,
        r#"coffer_auth_limited_total{kind="token",by="address"} 1"#,
        r#"coffer_auth_limited_total{kind="token",by="name"} 0"#,
        r#"coffer_auth_limit_records{kind="token",by="address"} 1"#,
        r#"coffer_auth_limit_records{kind="token",by="name"} 20"#,
    ] {
        assert!(text.lines().any(|one| one == line), "{line} in {text}");
    }
    assert!(!text.contains("192.0.2.1"));
}
