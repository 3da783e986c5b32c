//! What a Wrangler user is told when a deploy is refused, and that nothing of it stays.

use coffer_testkit::Instance;
use serde_json::json;

use crate::client::Wrangler;
use crate::deploy::{active_versions, deploy, reply_where};
use crate::project::{Project, reader};
use crate::store::Store;

/// A project that is uploaded as it is. Wrangler parses the main module even so, but not the other one: its
/// faults are for the server to find.
fn unbundled(name: &str, code: &str) -> Project {
    Project::new(json!({
        "name": name,
        "main": "index.mjs",
        "no_bundle": true,
        "find_additional_modules": true,
        "rules": [{ "type": "ESModule", "globs": ["**/*.mjs"] }],
    }))
    .with("index.mjs", r#"export { default } from "./handler.mjs";"#)
    .with("handler.mjs", code)
}

async fn exists(instance: &Instance, worker: &str) -> bool {
    let path = format!("/workers/scripts/{worker}/deployments");
    let answer = instance.api().get(&path).await.unwrap();
    if answer.status == 404 {
        assert_eq!(answer.codes(), [10007], "{}", answer.json);
    }
    answer.status == 200
}

#[tokio::test]
async fn a_binding_to_a_missing_secret() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let store = Store::create(&instance).await;
    deploy(&wrangler, &reader("missing", &store.id, &["NOWHERE"]))
        .await
        .failed()
        .says(&[
            "Secrets Store binding 'NOWHERE' references store",
            "NOWHERE",
            "[code: 10182]",
        ]);
    assert!(!exists(&instance, "missing").await);
}

#[tokio::test]
async fn a_binding_to_a_secret_that_is_not_for_workers() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let store = Store::create(&instance).await;
    store.add("GATEWAY_ONLY", "value", &["ai_gateway"]).await;
    deploy(&wrangler, &reader("unscoped", &store.id, &["GATEWAY_ONLY"]))
        .await
        .failed()
        .says(&["scope", "[code: 10021]"]);
    assert!(!exists(&instance, "unscoped").await);
}

#[tokio::test]
async fn code_that_does_not_start() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let broken = unbundled("broken", "export default { fetch( { return 1 } };");
    deploy(&wrangler, &broken)
        .await
        .failed()
        .says(&["SyntaxError", "[code: 10021]"]);
    let throwing = unbundled(
        "throwing",
        "throw new RangeError('not today'); export default {};",
    );
    deploy(&wrangler, &throwing)
        .await
        .failed()
        .says(&["not today", "[code: 10021]"]);
    assert!(!exists(&instance, "broken").await);
    assert!(!exists(&instance, "throwing").await);
}

#[tokio::test]
async fn a_refused_deploy_leaves_the_running_version() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = unbundled(
        "steady",
        r#"export default { fetch: () => new Response("good") };"#,
    );
    deploy(&wrangler, &project).await.succeeded();
    reply_where(&instance, "steady", |reply| reply.text == "good").await;
    let version = active_versions(&instance, "steady").await;

    project.write("handler.mjs", "throw new Error('bad'); export default {};");
    deploy(&wrangler, &project)
        .await
        .failed()
        .says(&["[code: 10021]"]);
    assert_eq!(active_versions(&instance, "steady").await, version);
    let reply = instance.gateway().get("steady", "/").await.unwrap();
    assert_eq!((reply.status, reply.text.as_str()), (200, "good"));
}

#[tokio::test]
async fn a_worker_secret_that_is_too_long() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    deploy(&wrangler, &reader("keys", "unused", &[]))
        .await
        .succeeded();
    let put = ["secret", "put", "LONG", "--name", "keys"];
    let value = "v".repeat(5 * 1024 + 1);
    wrangler
        .run_with(&put, &value)
        .await
        .failed()
        .says(&["[code: "])
        .never_says(&value);
    let answer = instance.api().get("/workers/scripts/keys/secrets").await;
    assert_eq!(*answer.unwrap().success().unwrap().result(), json!([]));
}
