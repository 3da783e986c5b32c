//! What those who follow a Worker read, from a real runtime.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use coffer_types::Split;
use serde_json::{Value, json};

use crate::support::{DEADLINE, Plane, Site, Tenant, until};

const TALKS: &str = r#"
export default {
  async fetch(request, env, ctx) {
    const path = new URL(request.url).pathname;
    console.log("hello", { a: [1, null] }, 5);
    console.error("bad %s", "thing");
    if (path === "/throws") throw new TypeError("oops");
    if (path === "/after") {
      ctx.waitUntil((async () => { await scheduler.wait(20); console.warn("late"); throw new Error("late too"); })());
    }
    if (path === "/deep") { let v = 1; for (let i = 0; i < 500; i++) v = [v]; console.log(v); }
    if (path === "/much") for (let i = 0; i < 10; i++) console.log("x".repeat(100_000));
    return new Response(env.NAME ?? "talked", { status: 201 });
  },
};"#;

fn lines(event: &Value) -> Vec<Value> {
    let logs = event["logs"].as_array().unwrap();
    logs.iter()
        .map(|log| json!([log["level"], log["message"]]))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_is_told_whole() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let worker = tenant.worker("shop", TALKS, Vec::new());
    let site = Site::start(&plane);
    site.fetch_until(&worker.host(), "/", |answer| answer.status == 201)
        .await;
    let id = worker.record.worker_id;
    site.followers.follow(id).await;

    let headers = [
        ("authorization", "Bearer x"),
        ("cookie", "a=b"),
        ("x-own", "1"),
    ];
    site.fetch_with(&worker.host(), "/path?a=1", &headers).await;
    let event = site.followers.wait_for(id, 1).await.remove(0);
    assert_eq!(event["outcome"], "ok");
    assert_eq!(event["scriptName"], "shop");
    let version = worker.record.deployment.as_ref().unwrap().shares()[0].version_id;
    assert_eq!(event["scriptVersion"]["id"], version.to_string());
    assert_eq!(event["exceptions"], json!([]));
    assert!(event["eventTimestamp"].is_u64(), "{event}");
    assert_eq!(
        lines(&event),
        [
            json!(["log", ["hello", { "a": [1, null] }, 5]]),
            json!(["error", ["bad %s", "thing"]]),
        ]
    );
    let request = &event["event"]["request"];
    assert_eq!(request["method"], "GET");
    let url = format!("http://{}/path?a=1", worker.host());
    assert_eq!(request["url"], url);
    assert_eq!(request["headers"]["x-own"], "1");
    assert_eq!(request["headers"]["cf-connecting-ip"], "127.0.0.1");
    assert_eq!(request["headers"]["authorization"], "REDACTED");
    assert_eq!(request["headers"]["cookie"], "REDACTED");
    assert_eq!(request["cf"]["colo"], "LOCAL");
    assert_eq!(event["event"]["response"]["status"], 201);

    site.fetch(&worker.host(), "/throws").await;
    let event = site.followers.wait_for(id, 2).await.remove(1);
    assert_eq!(event["outcome"], "exception");
    let exception = &event["exceptions"][0];
    assert_eq!(
        (&exception["name"], &exception["message"]),
        (&json!("TypeError"), &json!("oops"))
    );
    let stack = exception["stack"].as_str().unwrap();
    assert!(stack.contains("index.js:7"), "{stack}");

    // What runs after the response belongs to it.
    site.fetch(&worker.host(), "/after").await;
    let event = site.followers.wait_for(id, 3).await.remove(2);
    assert_eq!(lines(&event)[2], json!(["warn", ["late"]]));
    assert_eq!(event["exceptions"][0]["message"], "late too");

    // What is too deep or too much is cut, and the rest is told.
    site.fetch(&worker.host(), "/deep").await;
    let event = site.followers.wait_for(id, 4).await.remove(3);
    assert!(lines(&event)[2].to_string().contains("[deeply nested]"));
    site.fetch(&worker.host(), "/much").await;
    let event = site.followers.wait_for(id, 5).await.remove(4);
    assert_eq!(event["truncated"], true);
    assert!(event["logs"].as_array().unwrap().len() < 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_the_worker_is_told() {
    const TELLS: &str = r#"
export default {
  async fetch(request, env) {
    const stored = await env.STORED.get();
    console.log(env.OWN, { [stored]: [`<${stored}>`] }, Number(env.DIGITS));
    console.error(new Error(`with ${env.OWN}`).stack);
    throw new Error(`no such key: ${stored}`);
  },
};"#;
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    tenant.add_secret("KEY", "stored/value+1");
    let mut worker = tenant.idle_worker("shop");
    let mut version = worker.version(TELLS, vec![tenant.binding("STORED", "KEY")]);
    worker.add_secret(&mut version, "OWN", "own-value-0123");
    worker.add_secret(&mut version, "DIGITS", "90210775");
    worker.add_version(&version);
    worker.deploy(Split::whole(version.version_id));
    let site = Site::start(&plane);
    let id = worker.record.worker_id;
    site.followers.follow(id).await;
    site.fetch_until(&worker.host(), "/ready", |answer| answer.status == 500)
        .await;
    let before = site.followers.wait_for(id, 1).await.len();

    let headers = [("x-sent", "own-value-0123")];
    let path = "/own-value-0123?k=stored%2Fvalue%2B1";
    site.fetch_with(&worker.host(), path, &headers).await;
    let event = site.followers.wait_for(id, before + 1).await.remove(before);
    let text = event.to_string();
    for value in ["own-value", "stored/value", "stored%2F", "90210775"] {
        assert!(!text.contains(value), "{value}: {text}");
    }
    assert_eq!(
        lines(&event)[0],
        json!(["log", ["REDACTED", { "REDACTED": ["<REDACTED>"] }, "REDACTED"]])
    );
    assert_eq!(event["exceptions"][0]["message"], "no such key: REDACTED");
    let request = &event["event"]["request"];
    assert_eq!(request["headers"]["x-sent"], "REDACTED");
    let url = format!("http://{}/REDACTED?k=REDACTED", worker.host());
    assert_eq!(request["url"], url);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_a_process_is_told_by_its_outcome() {
    const HANGS: &str = r#"
export default {
  async fetch(request) {
    const path = new URL(request.url).pathname;
    if (path === "/hang") while (true);
    if (path === "/eat") { const eaten = []; while (true) eaten.push(new Array(100_000).fill(eaten.length)); }
    return new Response("here");
  },
};"#;
    // On a busy machine, one that eats is not to be taken for one that hangs, so that waits for no heartbeat.
    for (path, outcome, heartbeat_timeout) in [
        ("/hang", "exceededCpu", Duration::from_millis(500)),
        ("/eat", "exceededMemory", 2 * DEADLINE),
    ] {
        let plane = Plane::new();
        let tenant = Tenant::new(&plane, "dev");
        let worker = tenant.worker("shop", HANGS, Vec::new());
        let site = Site::start_with(&plane, |runtime| {
            runtime.heartbeat_timeout = heartbeat_timeout;
            runtime.heap_megabytes = 32;
        });
        let id = worker.record.worker_id;
        site.followers.follow(id).await;
        let ended = || {
            let events = site.followers.events(id);
            events.iter().any(|event| event["outcome"] == outcome)
        };
        // A process that was slow to say that it is alive may have been ended before it was asked.
        site.fetch_until(&worker.host(), path, |_| ended()).await;
        site.fetch_until(&worker.host(), "/", |answer| answer.text == "here")
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_followed_are_captured_and_only_while_they_are() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let worker = tenant.worker("shop", TALKS, Vec::new());
    let other = tenant.worker("other", TALKS, Vec::new());
    let site = Site::start(&plane);
    for one in [&worker, &other] {
        site.fetch_until(&one.host(), "/", |answer| answer.status == 201)
            .await;
    }
    let plain = site.processes();
    assert_eq!(plain.len(), 2);
    let id = worker.record.worker_id;
    site.followers.follow(id).await;
    // One was replaced, and the other is the same as before.
    until("one process replaced", || {
        let now = site.processes();
        now.len() == 2 && now.iter().filter(|pid| plain.contains(pid)).count() == 1
    })
    .await;
    let followed = site.processes();
    for one in [&worker, &other] {
        site.fetch(&one.host(), "/").await;
    }
    site.followers.wait_for(id, 1).await;
    assert_eq!(
        site.followers.events(other.record.worker_id),
        [] as [Value; 0]
    );

    site.followers.leave(id).await;
    until("the process replaced again", || {
        let now = site.processes();
        now.len() == 2 && now.iter().filter(|pid| followed.contains(pid)).count() == 1
    })
    .await;
    site.fetch(&worker.host(), "/").await;
    assert_eq!(site.followers.events(id).len(), 1);
    assert_eq!(site.processes().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_deployed_meanwhile_is_captured_too() {
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let mut worker = tenant.worker("shop", TALKS, Vec::new());
    let site = Site::start(&plane);
    site.fetch_until(&worker.host(), "/", |answer| answer.status == 201)
        .await;
    let id = worker.record.worker_id;
    site.followers.follow(id).await;
    let version = worker.version(&TALKS.replace("talked", "second"), Vec::new());
    worker.add_version(&version);
    worker.deploy(Split::whole(version.version_id));
    site.fetch_until(&worker.host(), "/", |answer| answer.text == "second")
        .await;
    until("an event of the second version", || {
        let events = site.followers.events(id);
        let told = events
            .last()
            .map(|event| event["scriptVersion"]["id"].clone());
        told == Some(json!(version.version_id.to_string()))
    })
    .await;
    // So is one that answers only at its preview's name.
    let preview = format!("{}-{}", version.version_id.short(), worker.host());
    let before = site.followers.events(id).len();
    site.fetch(&preview, "/preview").await;
    let event = site.followers.wait_for(id, before + 1).await.remove(before);
    assert!(
        event["event"]["request"]["url"]
            .as_str()
            .unwrap()
            .ends_with("/preview")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn under_constant_load_no_request_is_lost_and_none_goes_untold() {
    const CLIENTS: usize = 4;
    let plane = Plane::new();
    let tenant = Tenant::new(&plane, "dev");
    let worker = tenant.worker("shop", TALKS, Vec::new());
    let site = Site::start(&plane);
    let host = worker.host();
    site.fetch_until(&host, "/", |answer| answer.status == 201)
        .await;
    let id = worker.record.worker_id;
    let (stop, done, failed) = (
        AtomicBool::new(false),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let client = async || {
        while !stop.load(Ordering::SeqCst) {
            let answer = site.fetch(&host, "/").await;
            done.fetch_add(1, Ordering::SeqCst);
            failed.fetch_add(usize::from(answer.status != 201), Ordering::SeqCst);
        }
    };
    let following = async {
        for _ in 0..3 {
            site.followers.follow(id).await;
            // Whoever began before may still be with the old process, so at most that many are not told.
            let before = (site.followers.events(id).len(), done.load(Ordering::SeqCst));
            let enough = before.1 + 200;
            until("200 requests", || done.load(Ordering::SeqCst) >= enough).await;
            let requests = done.load(Ordering::SeqCst) - before.1 - CLIENTS;
            site.followers.wait_for(id, before.0 + requests).await;
            site.followers.leave(id).await;
        }
        stop.store(true, Ordering::SeqCst);
    };
    tokio::join!(client(), client(), client(), client(), following);
    assert_eq!(
        failed.load(Ordering::SeqCst),
        0,
        "of {}",
        done.load(Ordering::SeqCst)
    );
}
