use axum::http::Method;
use coffer_types::Role;
use coffer_types::limits::HOSTNAMES_PER_ACCOUNT;
use serde_json::{Value, json};

use super::{DOMAINS, hostnames, hosts_of, refusal, script, stranger, two_workers};
use crate::testing::{Answer, TestApp, failure, result, text_at};

async fn attach(app: &TestApp, body: Value) -> Answer {
    app.request(Method::PUT, DOMAINS, Some(body)).await
}

async fn replace(app: &TestApp, worker: &str, body: Value) -> Answer {
    let path = script(worker, "domains/records");
    app.request(Method::PUT, &path, Some(body)).await
}

#[tokio::test]
async fn a_host_is_attached_shown_moved_and_detached() {
    let app = two_workers().await;
    let body = json!({
        "hostname": "Shop.Example.com",
        "service": "shop",
        "environment": "production",
        "zone_id": "0123456789abcdef0123456789abcdef",
    });
    let attached = attach(&app, body.clone()).await;
    let domain = result(&attached).clone();
    assert_eq!(domain["hostname"], "shop.example.com");
    assert_eq!(domain["service"], "shop");
    assert_eq!(domain["environment"], "production");
    assert_eq!(domain["zone_name"], "shop.example.com");
    assert_eq!(
        (&domain["enabled"], &domain["previews_enabled"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(hosts_of(&app, "shop").await, ["shop.example.com"]);

    let path = format!("{DOMAINS}/{}", domain["id"].as_str().unwrap());
    let record = path.replace("/domains/", "/domains/records/");
    for path in [&path, &record] {
        let found = app.request(Method::GET, path, None).await;
        assert_eq!(result(&found), &domain);
    }
    // Again, nothing is written.
    let written = app.written().await;
    assert_eq!(result(&attach(&app, body).await), &domain);
    assert_eq!(app.written().await, written);

    let mut body = json!({ "hostname": "shop.example.com", "service": "blog" });
    let (status, error) = refusal(&attach(&app, body.clone()).await);
    assert_eq!(status, 409);
    assert!(
        error.starts_with("100116 ") && error.contains("override_existing_origin"),
        "{error}"
    );
    assert!(error.ends_with(" at /hostname"), "{error}");
    body["override_existing_origin"] = json!(true);
    let moved = attach(&app, body).await;
    assert_eq!(result(&moved)["id"], domain["id"]);
    assert_eq!(result(&moved)["service"], "blog");
    assert!(hosts_of(&app, "shop").await.is_empty());
    assert_eq!(hosts_of(&app, "blog").await, ["shop.example.com"]);

    // What is off stays the account's, and no edge has it.
    let off = json!({ "hostname": "shop.example.com", "service": "blog", "enabled": false });
    assert_eq!(result(&attach(&app, off).await)["enabled"], false);
    assert!(hosts_of(&app, "blog").await.is_empty());

    let gone = app.request(Method::DELETE, &path, None).await;
    assert_eq!(result(&gone), &Value::Null);
    for method in [Method::GET, Method::DELETE] {
        let (status, error) = refusal(&app.request(method, &path, None).await);
        assert_eq!((status, &error[..21]), (404, "1003 domain_not_found"));
    }
}

#[tokio::test]
async fn lists_tell_what_was_asked_for() {
    let app = two_workers().await;
    for (host, service) in [
        ("b.example.com", "shop"),
        ("a.example.com", "blog"),
        ("c.example.com", "shop"),
    ] {
        result(&attach(&app, json!({ "hostname": host, "service": service })).await);
    }
    for (query, expected) in [
        ("", &["a.example.com", "b.example.com", "c.example.com"][..]),
        ("?service=shop", &["b.example.com", "c.example.com"]),
        ("?hostname=a.example.com&service=blog", &["a.example.com"]),
        ("?zone_name=c.example.com", &["c.example.com"]),
        ("?environment=staging", &[]),
        (
            "/records?page=0&per_page=5&service=shop&environment=production",
            &["b.example.com", "c.example.com"],
        ),
    ] {
        let answer = app
            .request(Method::GET, &format!("{DOMAINS}{query}"), None)
            .await;
        assert_eq!(hostnames(result(&answer)), expected, "{query}");
        assert_eq!(answer.2["result_info"]["total_count"], expected.len());
    }
    let (other, account) = stranger(&app).await;
    let theirs = app
        .request_as(
            &other,
            Method::GET,
            &format!("{account}/workers/domains"),
            None,
        )
        .await;
    assert_eq!(result(&theirs), &json!([]));
}

#[tokio::test]
async fn a_worker_s_hosts_are_planned_and_replaced_as_a_whole() {
    let app = two_workers().await;
    let origins = |names: &[&str]| {
        let origins = names.iter().map(|name| json!({ "hostname": name }));
        Value::Array(origins.collect())
    };
    let records = |names: &[&str], moved: bool| {
        json!({
            "override_scope": true,
            "override_existing_origin": moved,
            "override_existing_dns_record": true,
            "origins": origins(names),
        })
    };
    let first = replace(
        &app,
        "shop",
        records(&["a.example.com", "b.example.com"], false),
    )
    .await;
    assert_eq!(
        hostnames(result(&first)),
        ["a.example.com", "b.example.com"]
    );
    result(
        &attach(
            &app,
            json!({ "hostname": "c.example.com", "service": "blog" }),
        )
        .await,
    );

    let wanted = ["b.example.com", "c.example.com", "d.example.com"];
    let written = app.written().await;
    let path = script("shop", "domains/changeset?replace_state=true");
    let planned = app
        .request(Method::POST, &path, Some(origins(&wanted)))
        .await;
    let planned = result(&planned);
    assert_eq!(hostnames(&planned["added"]), ["d.example.com"]);
    assert_eq!(hostnames(&planned["removed"]), ["a.example.com"]);
    assert_eq!(
        hostnames(&planned["updated"]),
        ["b.example.com", "c.example.com"]
    );
    assert_eq!(planned["updated"][0]["modified"], false);
    assert_eq!(planned["updated"][1]["modified"], true);
    assert_eq!(planned["conflicting"], json!([]));
    let kept = script("shop", "domains/changeset");
    let planned = app
        .request(Method::POST, &kept, Some(origins(&wanted)))
        .await;
    assert_eq!(result(&planned)["removed"], json!([]));
    assert_eq!(app.written().await, written);

    let (status, error) = refusal(&replace(&app, "shop", records(&wanted, false)).await);
    assert_eq!(status, 409);
    assert!(
        error.starts_with("100116 ") && error.ends_with(" at /origins/1/hostname"),
        "{error}"
    );
    assert_eq!(app.written().await, written);
    let second = replace(&app, "shop", records(&wanted, true)).await;
    assert_eq!(hostnames(result(&second)), wanted);
    assert_eq!(hosts_of(&app, "shop").await, wanted);
    assert!(hosts_of(&app, "blog").await.is_empty());
    // Each of the two Workers is told of.
    let events = app.audit_events().await;
    let told: Vec<_> = events
        .iter()
        .rev()
        .take(2)
        .map(|event| &event.details)
        .collect();
    assert!(
        told.iter()
            .any(|details| details["after"]["hostnames"] == json!([]))
    );
    assert!(
        told.iter()
            .any(|details| details["before"]["hostnames"][0]["hostname"] == "a.example.com")
    );

    result(&replace(&app, "shop", records(&[], false)).await);
    assert!(hosts_of(&app, "shop").await.is_empty());
}

#[tokio::test]
async fn deleting_a_worker_frees_its_hosts() {
    let app = two_workers().await;
    let (other, account) = stranger(&app).await;
    let body = |service: &str| json!({ "hostname": "shop.example.com", "service": service });
    result(&attach(&app, body("shop")).await);
    let theirs = format!("{account}/workers/domains");
    let claim = || app.request_as(&other, Method::PUT, &theirs, Some(body("theirs")));
    let (status, error) = refusal(&claim().await);
    assert_eq!(status, 409);
    assert!(
        error.starts_with("100116 'shop.example.com' is in use elsewhere"),
        "{error}"
    );
    // Nor does it help to ask for it to be moved.
    let mut moved = body("theirs");
    moved["override_existing_origin"] = json!(true);
    let answer = app
        .request_as(&other, Method::PUT, &theirs, Some(moved))
        .await;
    assert_eq!(failure(&answer).0, 409);
    result(
        &app.request(
            Method::DELETE,
            &script("shop", "").replace("shop/", "shop"),
            None,
        )
        .await,
    );
    let event = app.audit_events().await.pop().unwrap();
    assert_eq!(event.details["hostnames"], json!(["shop.example.com"]));
    result(&claim().await);
    let (status, _) = refusal(&attach(&app, body("blog")).await);
    assert_eq!(status, 409);
}

#[tokio::test]
async fn what_is_no_host_is_refused() {
    let app = two_workers().await;
    let written = app.written().await;
    let long = format!("{}.example.com", "a".repeat(64));
    for (host, word) in [
        ("", "missing"),
        ("https://shop.example.com", "scheme"),
        ("shop.example.com:8080", "port"),
        ("shop.example.com/cart", "host name only"),
        ("shop.example.com?x", "host name only"),
        ("*.example.com", "wildcards"),
        ("192.0.2.1", "IP address"),
        ("[::1]", "IP address"),
        ("localhost", "localhost"),
        ("shop", "domain"),
        ("a_b.example.com", "letters"),
        ("bücher.example", "Punycode"),
        (&long, "63"),
        ("shop.localhost", "localhost"),
    ] {
        let asked = json!({ "hostname": host, "service": "shop" });
        let (status, error) = refusal(&attach(&app, asked).await);
        assert_eq!(status, 400, "{host}");
        assert!(
            error.starts_with("1001 ") && error.contains(word),
            "{host}: {error}"
        );
        assert!(error.ends_with(" at /hostname"), "{error}");
    }
    for (field, value, word) in [
        ("zone_name", json!("example.org"), "not in the zone"),
        ("previews_enabled", json!(true), "preview"),
        ("environment", json!("staging"), "production"),
        ("service", json!("no name!"), "Worker's name"),
    ] {
        let mut asked = json!({ "hostname": "shop.example.com", "service": "shop" });
        asked[field] = value;
        let (status, error) = refusal(&attach(&app, asked).await);
        assert_eq!(status, 400, "{field}");
        assert!(
            error.contains(word) && error.ends_with(&format!(" at /{field}")),
            "{error}"
        );
    }
    let missing = json!({ "hostname": "shop.example.com", "service": "nope" });
    let (status, error) = refusal(&attach(&app, missing).await);
    assert_eq!((status, &error[..6]), (404, "10007 "));
    let twice =
        json!({ "origins": [{ "hostname": "a.example.com" }, { "hostname": "A.example.com" }] });
    let (status, error) = refusal(&replace(&app, "shop", twice).await);
    assert_eq!(status, 400);
    assert!(
        error.contains("twice") && error.ends_with(" at /origins/1/hostname"),
        "{error}"
    );
    let many: Vec<_> = (0..=HOSTNAMES_PER_ACCOUNT)
        .map(|number| json!({ "hostname": format!("h{number}.example.com") }))
        .collect();
    let (status, _) = refusal(&replace(&app, "shop", json!({ "origins": many })).await);
    assert_eq!(status, 400);
    assert_eq!(app.written().await, written);
}

#[tokio::test]
async fn names_of_the_installation_are_not_to_be_had() {
    use crate::app::App;
    use crate::testing::answer_of;
    let app = two_workers().await;
    let own = App::new(
        app.engine.clone(),
        std::sync::Arc::new(NothingToWaitFor),
        app.traffic.clone(),
        "Workers.Example",
        7080,
        "https://coffer.example.com:8443",
        Vec::new(),
    );
    let router = crate::router(own);
    let ask = async |path: &str, body: Value| {
        let mut request = app.build(&app.admin(), Method::PUT, path, body.to_string().into());
        let json = "application/json".parse().unwrap();
        request.headers_mut().insert("content-type", json);
        answer_of(&router, request).await
    };
    for (host, word) in [
        ("workers.example.x.workers.example", "Workers' domain"),
        ("a.b.workers.example", "Workers' domain"),
        ("workers.example", "Workers' domain"),
        ("coffer.example.com", "server's own"),
    ] {
        let body = json!({ "hostname": host, "service": "shop" });
        let (status, error) = refusal(&ask(DOMAINS, body).await);
        assert_eq!(status, 400);
        assert!(error.contains(word), "{host}: {error}");
        let body = json!([{ "pattern": format!("{host}/*") }]);
        let (_, error) = refusal(&ask(&script("shop", "routes"), body).await);
        assert!(
            error.contains(word) && error.ends_with(" at /0/pattern"),
            "{error}"
        );
    }
    for pattern in [
        "*.example.com/x",
        "*coffer.example.com/*",
        "*.workers.example/*",
    ] {
        let answer = ask(&script("shop", "routes"), json!([{ "pattern": pattern }])).await;
        assert_eq!(refusal(&answer).0, 400, "{pattern}");
    }
    let body = json!([{ "pattern": "*.coffer.example.com/*" }, { "pattern": "*.example/*" }]);
    let answer = ask(&script("shop", "routes"), body).await;
    assert_eq!(failure(&answer).1.len(), 1, "a domain of one label only");
    let body = json!([{ "pattern": "*.coffer.example.com/*" }]);
    result(&ask(&script("shop", "routes"), body).await);
}

struct NothingToWaitFor;

impl crate::app::Readiness for NothingToWaitFor {
    fn waiting_for(&self) -> Option<String> {
        None
    }

    fn metrics(&self) -> String {
        String::new()
    }
}

#[tokio::test]
async fn there_are_so_many_at_the_most() {
    let app = two_workers().await;
    let origins: Vec<_> = (0..HOSTNAMES_PER_ACCOUNT)
        .map(|number| json!({ "hostname": format!("h{number}.example.com") }))
        .collect();
    result(&replace(&app, "shop", json!({ "origins": origins })).await);
    let written = app.written().await;
    let one = json!({ "hostname": "one.example.com", "service": "blog" });
    let (status, error) = refusal(&attach(&app, one).await);
    assert_eq!(status, 400);
    assert!(
        error.starts_with("1003 maximum_hostnames_exceeded"),
        "{error}"
    );
    assert_eq!(app.written().await, written);
}

#[tokio::test]
async fn readers_see_and_change_nothing() {
    let app = two_workers().await;
    let reader = app.member_with(&[Role::WorkersReadOnly]).await;
    let body = json!({ "hostname": "shop.example.com", "service": "shop" });
    let domain = attach(&app, body.clone()).await;
    let id = text_at(result(&domain), "/id");
    let answer = app
        .request_as(&reader, Method::PUT, DOMAINS, Some(body))
        .await;
    assert_eq!(refusal(&answer).0, 403);
    let path = format!("{DOMAINS}/{id}");
    let answer = app.request_as(&reader, Method::DELETE, &path, None).await;
    assert_eq!(refusal(&answer).0, 403);
    result(&app.request_as(&reader, Method::GET, &path, None).await);
    // Another account's is not there.
    let (other, account) = stranger(&app).await;
    let theirs = format!("{account}/workers/domains/{id}");
    for method in [Method::GET, Method::DELETE] {
        let answer = app.request_as(&other, method, &theirs, None).await;
        assert_eq!(refusal(&answer).0, 404);
    }
    assert_eq!(hosts_of(&app, "shop").await, ["shop.example.com"]);
}
