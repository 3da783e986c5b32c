//! Bindings that are neither variables nor secrets: other Workers, the version's own metadata, keys; and the
//! service-worker format with its parts.

use coffer_testkit::{Instance, Reply};
use serde_json::{Value, json};

use crate::client::Wrangler;
use crate::deploy::{deploy, read, reply_where};
use crate::project::Project;
use crate::store::Store;

/// A WebAssembly module that exports `answer: () -> i32`, which gives 42.
const ANSWER_WASM: &[u8] = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x0a\x01\x06answer\0\0\x0a\x06\x01\x04\0\x41\x2a\x0b";

fn inner() -> Project {
    Project::new(json!({ "name": "inner", "main": "index.js", "workers_dev": false })).with(
        "index.js",
        "export default { fetch: async (request) => new Response(`inner heard ${await request.text()}`) };",
    )
}

#[tokio::test]
async fn a_worker_calls_another_and_knows_its_version() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let front = Project::new(json!({
        "name": "front",
        "main": "index.js",
        "services": [{ "binding": "INNER", "service": "inner" }],
        "version_metadata": { "binding": "VERSION" },
    }))
    .with(
        "index.js",
        r#"import note from "./note.txt";
export default { async fetch(request, env) {
    const response = await env.INNER.fetch("http://inner/", { method: "POST", body: note });
    return Response.json({ said: await response.text(), version: env.VERSION });
} };"#,
    )
    .with("note.txt", "a note");

    // What it calls must be there first.
    let refused = deploy(&wrangler, &front).await.failed();
    refused.says(&["'INNER'", "'inner'", "not found", "10143"]);
    deploy(&wrangler, &inner()).await.succeeded();
    let args = ["deploy", "--tag", "v1"];
    let deployed = wrangler.run_in(front.path(), &args, "").await.succeeded();
    let deployed = deployed.says(&["env.INNER (inner)", "env.VERSION"]);
    let id = deployed.after("Current Version ID:").to_owned();
    let answer = read(&instance, "front").await;
    assert_eq!(answer["said"], "inner heard a note");
    assert_eq!(
        (&answer["version"]["id"], &answer["version"]["tag"]),
        (&json!(id), &json!("v1"))
    );
    assert!(answer["version"]["timestamp"].is_string());

    // A new version of what is called is called at once; one that is gone is told of.
    let changed = inner();
    changed.write(
        "index.js",
        "export default { fetch: () => new Response('changed') };",
    );
    deploy(&wrangler, &changed).await.succeeded();
    let said_changed = |reply: &Reply| reply.text.contains("\"said\":\"changed\"");
    reply_where(&instance, "front", said_changed).await;
    let delete = ["delete", "--name", "inner", "--force"];
    wrangler.run(&delete).await.succeeded();
    let is_gone = |reply: &Reply| reply.text.contains("Coffer error 1013");
    reply_where(&instance, "front", is_gone).await;
}

#[tokio::test]
async fn a_key_set_by_the_api_stays_through_deploys() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = Project::new(json!({ "name": "signs", "main": "index.js" })).with(
        "index.js",
        r#"export default { async fetch(_, env) {
    const signed = env.KEY && await crypto.subtle.sign("HMAC", env.KEY, new TextEncoder().encode("message"));
    return Response.json(signed ? [...new Uint8Array(signed)].slice(0, 4) : null);
} };"#,
    );
    deploy(&wrangler, &project).await.succeeded();
    assert_eq!(read(&instance, "signs").await, Value::Null);
    let key = json!({ "env": { "KEY": {
        "type": "secret_key", "format": "raw", "key_base64": "AQIDBA==",
        "algorithm": { "name": "HMAC", "hash": "SHA-256" }, "usages": ["sign"],
    } } });
    let path = "/workers/workers/signs/versions/latest?deploy=true";
    let answer = instance.api().patch(path, &key).await.unwrap();
    answer.success().unwrap();
    let signed = json!([0x5f, 0x01, 0xc7, 0xb3]);
    let text = signed.to_string();
    reply_where(&instance, "signs", |reply| reply.text == text).await;
    // Wrangler knows nothing of it and keeps it.
    let deployed = deploy(&wrangler, &project).await.succeeded();
    deployed.never_says("AQIDBA");
    assert_eq!(read(&instance, "signs").await, signed);
    let listed = wrangler
        .run(&["secret", "list", "--name", "signs"])
        .await
        .succeeded();
    listed.says(&["KEY", "secret_key"]).never_says("AQIDBA");
}

#[tokio::test]
async fn a_service_worker_deploys_with_its_parts() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let store = Store::create(&instance).await;
    store.add("KEY", "stored", &["workers"]).await;
    let project = Project::new(json!({
        "name": "old",
        "main": "index.js",
        "vars": { "GREETING": "hello" },
        "secrets_store_secrets": [{ "binding": "STORED", "store_id": store.id, "secret_name": "KEY" }],
        "text_blobs": { "NOTE": "note.txt" },
        "data_blobs": { "BYTES": "bytes.bin" },
        "wasm_modules": { "ANSWER": "answer.wasm" },
    }))
    .with("note.txt", "a note")
    .with("bytes.bin", [0, 255])
    .with("answer.wasm", ANSWER_WASM)
    .with(
        "index.js",
        r#"const { exports } = new WebAssembly.Instance(ANSWER);
addEventListener("fetch", (event) => event.respondWith(answer()));
async function answer() {
    return Response.json([GREETING, NOTE, [...new Uint8Array(BYTES)], exports.answer(), await STORED.get()]);
}"#,
    );
    deploy(&wrangler, &project)
        .await
        .succeeded()
        .says(&["Uploaded old"]);
    assert_eq!(
        read(&instance, "old").await,
        json!(["hello", "a note", [0, 255], 42, "stored"])
    );
    // Again, and with a secret of its own.
    let put = ["secret", "put", "TOKEN", "--name", "old"];
    wrangler.run_with(&put, "s3cret").await.succeeded();
    deploy(&wrangler, &project).await.succeeded();
    assert_eq!(read(&instance, "old").await[3], 42);
}
