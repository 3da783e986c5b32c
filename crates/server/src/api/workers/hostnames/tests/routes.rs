use axum::http::Method;
use coffer_types::Role;
use coffer_types::limits::ROUTES_PER_ACCOUNT;
use serde_json::{Value, json};

use super::{DOMAINS, refusal, routes_of, script, stranger, two_workers};
use crate::testing::{Actor, Answer, TestApp, failure, result, text_at};

async fn put(app: &TestApp, worker: &str, patterns: &[&str]) -> Answer {
    let body: Vec<_> = patterns
        .iter()
        .map(|pattern| json!({ "pattern": pattern }))
        .collect();
    let path = script(worker, "routes");
    app.request(Method::PUT, &path, Some(json!(body))).await
}

fn patterns(routes: &Value) -> Vec<&str> {
    let routes = routes.as_array().unwrap();
    routes
        .iter()
        .map(|route| route["pattern"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn they_are_replaced_as_a_whole_and_told_to_the_edge() {
    let app = two_workers().await;
    let first = put(&app, "shop", &["Shop.example.com/cart/*", "*.example.org"]).await;
    let sorted = ["*.example.org/", "shop.example.com/cart/*"];
    assert_eq!(patterns(result(&first)), sorted);
    assert_eq!(result(&first)[1]["script"], "shop");
    assert_eq!(result(&first)[1]["zone_name"], "shop.example.com");
    assert_eq!(routes_of(&app, "shop").await, sorted);
    let path = script("shop", "routes");
    let found = app.request(Method::GET, &path, None).await;
    assert_eq!(result(&found), result(&first));
    let written = app.written().await;
    let again = put(&app, "shop", &["shop.example.com/cart/*", "*.example.org/"]).await;
    assert_eq!(result(&again), result(&first));
    assert_eq!(app.written().await, written);

    let second = put(&app, "shop", &["*.example.org/", "a.example.net/b"]).await;
    assert_eq!(result(&second)[0]["id"], result(&first)[0]["id"]);
    assert_eq!(
        routes_of(&app, "shop").await,
        ["*.example.org/", "a.example.net/b"]
    );
    let event = app.audit_events().await.pop().unwrap();
    assert_eq!(event.details["before"]["routes"], json!(sorted));
    assert_eq!(event.details["after"]["routes"][1], "a.example.net/b");
    result(&put(&app, "shop", &[]).await);
    assert!(routes_of(&app, "shop").await.is_empty());
}

#[tokio::test]
async fn zones_of_clients_are_taken_as_far_as_their_names_fit() {
    let app = two_workers().await;
    let path = script("shop", "routes");
    let ask = async |body| app.request(Method::PUT, &path, Some(body)).await;
    let body = json!([
        { "pattern": "api.example.com/v1/*", "zone_name": "Example.com" },
        { "pattern": "*.example.net/*", "zone_id": "0123456789abcdef0123456789abcdef" },
    ]);
    assert_eq!(result(&ask(body).await).as_array().unwrap().len(), 2);
    let body = json!([{ "pattern": "api.example.com/*", "zone_name": "ample.com" }]);
    let (status, error) = refusal(&ask(body).await);
    assert_eq!(status, 400);
    assert!(
        error.contains("not in the zone") && error.ends_with(" at /0/zone_name"),
        "{error}"
    );
}

#[tokio::test]
async fn what_others_have_is_refused() {
    let app = two_workers().await;
    result(
        &put(
            &app,
            "shop",
            &["a.example.com/*", "*.wide.example/x", "one.deep.example/"],
        )
        .await,
    );
    let body = json!({ "hostname": "whole.example.com", "service": "shop" });
    result(&app.request(Method::PUT, DOMAINS, Some(body)).await);
    let (status, error) = refusal(&put(&app, "blog", &["b.example.com/", "a.example.com/*"]).await);
    assert_eq!(status, 409);
    assert!(
        error.starts_with("10020 ") && error.ends_with(" at /1/pattern"),
        "{error}"
    );
    assert!(routes_of(&app, "blog").await.is_empty());
    // Within the account, one Worker may have a part of what another has.
    result(
        &put(
            &app,
            "blog",
            &[
                "a.example.com/b/*",
                "x.wide.example/*",
                "whole.example.com/b",
            ],
        )
        .await,
    );

    let (other, account) = stranger(&app).await;
    let path = format!("{account}/workers/scripts/theirs/routes");
    let claim = async |pattern: &str| {
        let body = json!([{ "pattern": pattern }]);
        app.request_as(&other, Method::PUT, &path, Some(body)).await
    };
    for pattern in [
        "a.example.com/c/*",
        "whole.example.com/c",
        "x.wide.example/c",
        "y.wide.example/c",
        "wide.example/",
        "*.sub.wide.example/",
        "*.deep.example/*",
        "*example.com/",
        "*.example/",
    ] {
        let answer = claim(pattern).await;
        let (status, error) = match pattern {
            // Every name of a whole registry belongs to nobody.
            "*.example/" => {
                assert_eq!(failure(&answer).0, 400);
                continue;
            }
            _ => refusal(&answer),
        };
        assert_eq!(status, 409, "{pattern}");
        assert!(
            error.starts_with("100116 ") && error.contains("elsewhere"),
            "{error}"
        );
        assert!(!error.contains("First account"), "{error}");
    }
    let host = json!({ "hostname": "z.wide.example", "service": "theirs" });
    let domains = format!("{account}/workers/domains");
    let answer = app
        .request_as(&other, Method::PUT, &domains, Some(host))
        .await;
    assert_eq!(refusal(&answer).0, 409);
    for pattern in [
        "b.example.com/",
        "deep.example/",
        "xwide.example/*",
        "*.two.deep.example/*",
    ] {
        result(&claim(pattern).await);
    }
    // The other way round as well.
    result(&claim("*.theirs.example/*").await);
    let (status, _) = refusal(&put(&app, "shop", &["a.theirs.example/"]).await);
    assert_eq!(status, 409);
    assert_eq!(routes_of(&app, "shop").await.len(), 3);
}

#[tokio::test]
async fn what_is_no_pattern_is_refused() {
    let app = two_workers().await;
    let written = app.written().await;
    let long = format!("a.example.com/{}", "x".repeat(1024));
    for (pattern, word) in [
        ("a.example.com/*.jpg", "only where"),
        ("a.*.example.com/", "only where"),
        ("https://a.example.com/*", "scheme"),
        ("a.example.com:8080/*", "port"),
        ("a.example.com/?x=*", "query"),
        ("192.0.2.1/*", "IP address"),
        ("*", "name a host"),
        ("*/*", "name a host"),
        ("", "missing"),
        ("a.example.com/../*", ".."),
        ("a.dev.localhost/*", "localhost"),
        (&long, "1024"),
    ] {
        let (status, error) = refusal(&put(&app, "shop", &["ok.example.com/", pattern]).await);
        assert_eq!(status, 400, "{pattern}");
        assert!(
            error.starts_with("1001 ") && error.contains(word),
            "{pattern}: {error}"
        );
        assert!(error.ends_with(" at /1/pattern"), "{error}");
    }
    let (_, error) = refusal(&put(&app, "shop", &["a.example.com", "A.example.com/"]).await);
    assert!(
        error.contains("twice") && error.ends_with(" at /1/pattern"),
        "{error}"
    );
    let many: Vec<_> = (0..=ROUTES_PER_ACCOUNT)
        .map(|number| format!("a.example.com/{number}"))
        .collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    assert_eq!(refusal(&put(&app, "shop", &many).await).0, 400);
    for body in [
        json!({}),
        json!([{}]),
        json!(["a.example.com/*"]),
        json!([{ "pattern": 1 }]),
    ] {
        let answer = app
            .request(Method::PUT, &script("shop", "routes"), Some(body))
            .await;
        assert_eq!(failure(&answer).0, 400);
    }
    assert_eq!(app.written().await, written);
    result(&put(&app, "shop", &many[1..]).await);
    let (_, error) = refusal(&put(&app, "blog", &["b.example.com/"]).await);
    assert!(error.starts_with("1003 maximum_routes_exceeded"), "{error}");
    for (method, body) in [(Method::GET, None), (Method::PUT, Some(json!([])))] {
        let answer = app.request(method, &script("nope", "routes"), body).await;
        assert!(refusal(&answer).1.starts_with("10007 "));
    }
}

async fn zones(app: &TestApp, actor: &Actor, query: &str) -> Value {
    let answer = app
        .request_as(actor, Method::GET, &format!("/zones{query}"), None)
        .await;
    result(&answer).clone()
}

#[tokio::test]
async fn each_name_is_its_own_zone() {
    let app = two_workers().await;
    result(
        &put(
            &app,
            "shop",
            &["a.example.com/*", "*.b.example.com/*", "example.org/"],
        )
        .await,
    );
    let admin = app.admin();
    let of = |name: &str| format!("?name={name}&account.id={}", app.first.account_id);
    let found = zones(&app, &admin, &of("example.com")).await;
    assert_eq!(found[0]["name"], "example.com");
    assert_eq!(found[0]["status"], "active");
    assert_eq!(found[0]["account"]["id"], app.first.account_id.to_string());
    assert_eq!(zones(&app, &admin, "?name=example.com").await, found);
    let routes_in = async |actor: &Actor, zone: &str| {
        let path = format!("/zones/{zone}/workers/routes");
        result(&app.request_as(actor, Method::GET, &path, None).await).clone()
    };
    let id = text_at(&found, "/0/id");
    let routes = routes_in(&admin, &id).await;
    assert_eq!(patterns(&routes), ["*.b.example.com/*", "a.example.com/*"]);
    assert_eq!(routes[0]["script"], "shop");
    let deep = text_at(&zones(&app, &admin, &of("b.example.com")).await, "/0/id");
    assert_eq!(
        patterns(&routes_in(&admin, &deep).await),
        ["*.b.example.com/*"]
    );

    // What no route can be made at has none; an id of elsewhere has no routes.
    let none = json!([]);
    for query in [
        of("w.dev.localhost"),
        of("192.0.2.1"),
        of("com"),
        "?name=example.com&account.id=0123456789abcdef0123456789abcdef".to_owned(),
        "?name=example.com&account.id=x".to_owned(),
        String::new(),
    ] {
        assert_eq!(zones(&app, &admin, &query).await, none, "{query}");
    }
    for id in ["0123456789abcdef0123456789abcdef", "x"] {
        assert_eq!(routes_in(&admin, id).await, none);
    }
    // Who may not see the Workers sees neither.
    let (other, _) = stranger(&app).await;
    let viewer = app.member_with(&[Role::AuditLogsViewer]).await;
    for actor in [&other, &viewer] {
        assert_eq!(zones(&app, actor, &of("example.com")).await, none);
        assert_eq!(routes_in(actor, &id).await, none);
    }
    let reader = app.member_with(&[Role::WorkersReadOnly]).await;
    assert_eq!(zones(&app, &reader, &of("example.com")).await, found);
    assert_eq!(patterns(&routes_in(&reader, &id).await).len(), 2);
}
