//! A Worker that calls another one of its account.

use coffer_protocol::feed::Subject;
use coffer_types::{Binding, BindingKind, Split};

use crate::support::{Plane, Site, Tenant};

fn service(name: &str, service: &str) -> Binding {
    Binding {
        name: name.parse().unwrap(),
        kind: BindingKind::Service {
            service: service.parse().unwrap(),
        },
    }
}

/// Hands the request on as it is.
const HANDS_ON: &str = "export default { fetch: (request, env) => env.NEXT.fetch(request) };";
/// Asks the other Worker with a request of its own.
const ASKS: &str =
    "export default { fetch: (request, env) => env.NEXT.fetch('https://inner.example/a?b=c') };";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_as_it_is_and_an_answer_comes_back() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let echo = r#"export default { async fetch(request) {
        const { method, url, cf } = request;
        const headers = Object.fromEntries(request.headers);
        const seen = { method, url, colo: cf?.colo, mine: headers["x-mine"], ip: headers["cf-connecting-ip"], body: await request.text() };
        return Response.json(seen, { status: 418, headers: { "x-theirs": "yes" } });
    } };"#;
    tenant.worker("inner", echo, Vec::new());
    let next = || vec![service("NEXT", "inner")];
    let front = tenant.worker("front", HANDS_ON, next());
    let asking = tenant.worker("asking", ASKS, next());
    let posts = r#"export default { async fetch(request, env) {
        const body = new Request("http://inner/", { method: "PUT", body: "text ☃", headers: { "x-mine": "1" }, cf: { colo: "ABC" } });
        const response = await env.NEXT.fetch(body);
        return Response.json([response.status, response.headers.get("x-theirs"), await response.json()]);
    } };"#;
    let posting = tenant.worker("posting", posts, next());
    let site = Site::start(&plane);

    let answer = site
        .fetch_until(&front.host(), "/path?q=1", |answer| answer.status == 418)
        .await;
    let seen: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(seen["url"], format!("http://{}/path?q=1", front.host()));
    assert_eq!(
        (&seen["colo"], &seen["ip"]),
        (&"LOCAL".into(), &"127.0.0.1".into())
    );

    let answer = site
        .fetch_until(&asking.host(), "/", |answer| answer.status == 418)
        .await;
    let seen: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(seen["url"], "https://inner.example/a?b=c");

    let answer = site
        .fetch_until(&posting.host(), "/", |answer| answer.status == 200)
        .await;
    let seen: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!((&seen[0], &seen[1]), (&418.into(), &"yes".into()));
    let seen = &seen[2];
    assert_eq!(
        (&seen["method"], &seen["mine"], &seen["colo"], &seen["body"]),
        (&"PUT".into(), &"1".into(), &"ABC".into(), &"text ☃".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_needs_no_address_to_be_called_and_its_deployment_counts() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut inner = tenant.worker(
        "inner",
        "export default { fetch: () => new Response('one') };",
        Vec::new(),
    );
    inner.record.subdomain_enabled = false;
    inner.put();
    let front = tenant.worker("front", ASKS, vec![service("NEXT", "inner")]);
    let site = Site::start(&plane);

    site.fetch_text(&front.host(), "/", "one").await;
    let version = inner.version(
        "export default { fetch: () => new Response('two') };",
        Vec::new(),
    );
    inner.add_version(&version);
    inner.deploy(Split::whole(version.version_id));
    site.fetch_text(&front.host(), "/", "two").await;
    // One that is gone is told of, and one that comes back under the name is called.
    plane.remove(Subject::Worker(inner.record.worker_id));
    let gone = site
        .fetch_until(&front.host(), "/", |answer| answer.status == 404)
        .await;
    assert!(gone.text.contains("Coffer error 1013"), "{}", gone.text);
    tenant.worker(
        "inner",
        "export default { fetch: () => new Response('three') };",
        Vec::new(),
    );
    site.fetch_text(&front.host(), "/", "three").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn never_a_worker_of_another_account() {
    let plane = Plane::new();
    let (owner, other) = (Tenant::new(&plane, "owner"), Tenant::new(&plane, "other"));
    owner.worker(
        "inner",
        "export default { fetch: () => new Response('private') };",
        Vec::new(),
    );
    let honest = owner.worker("front", ASKS, vec![service("NEXT", "inner")]);
    let front = other.worker("front", ASKS, vec![service("NEXT", "inner")]);
    let site = Site::start(&plane);

    site.fetch_text(&honest.host(), "/", "private").await;
    let refused = site
        .fetch_until(&front.host(), "/", |answer| answer.text.contains("1013"))
        .await;
    assert_eq!(refused.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_ends() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let front = tenant.worker("front", HANDS_ON, vec![service("NEXT", "back")]);
    tenant.worker("back", HANDS_ON, vec![service("NEXT", "front")]);
    let site = Site::start(&plane);

    let ended = site
        .fetch_until(&front.host(), "/", |answer| answer.status == 508)
        .await;
    assert!(ended.text.contains("Coffer error 1014"), "{}", ended.text);
    // A client does not begin in the middle.
    let answer = site
        .fetch_with(&front.host(), "/", &[("x-coffer-depth", "-5")])
        .await;
    assert_eq!(answer.status, 508);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_calls_itself_without_end_is_told_so_and_lives() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let code = r#"export default { async fetch(request, env) {
        if (request.url.endsWith("/alive")) return new Response("alive");
        const response = await env.NEXT.fetch("http://me/");
        return new Response(await response.text(), { status: response.status });
    } };"#;
    let worker = tenant.worker("front", code, vec![service("NEXT", "front")]);
    let site = Site::start(&plane);
    site.fetch_text(&worker.host(), "/alive", "alive").await;
    let processes = site.processes();

    let ended = site
        .fetch_until(&worker.host(), "/", |answer| answer.status == 503)
        .await;
    assert!(ended.text.contains("Coffer error 1023"), "{}", ended.text);
    site.fetch_text(&worker.host(), "/alive", "alive").await;
    assert_eq!(site.processes(), processes);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_stream_and_websockets_open() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let inner = r#"export default { fetch(request) {
        if (request.headers.get("upgrade") === "websocket") {
            const [client, server] = Object.values(new WebSocketPair());
            server.accept();
            server.addEventListener("message", (event) => server.send(`heard ${event.data}`));
            return new Response(null, { status: 101, webSocket: client });
        }
        return new Response(request.body);
    } };"#;
    tenant.worker("inner", inner, Vec::new());
    let outer = r#"export default { async fetch(request, env) {
        if (request.method === "POST") return env.NEXT.fetch(request);
        const { webSocket } = await env.NEXT.fetch("http://inner/", { headers: { upgrade: "websocket" } });
        webSocket.accept();
        const answer = new Promise((resolve) => webSocket.addEventListener("message", (event) => resolve(event.data)));
        webSocket.send("hello");
        return new Response(await answer);
    } };"#;
    let front = tenant.worker("front", outer, vec![service("NEXT", "inner")]);
    let site = Site::start(&plane);

    site.fetch_text(&front.host(), "/", "heard hello").await;
    let mut conversation = crate::conversation::Conversation::begin(&site, &front.host()).await;
    for word in ["first", "second"] {
        conversation.say(word).await;
        conversation.hear(word).await;
    }
    conversation.end().await;
}
