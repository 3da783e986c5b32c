//! Releases of Wrangler that call older operations: `settings` in parts that keeps what it does not tell,
//! `content/v2`, `script-settings`, and the state of a host name by itself.

use coffer_testkit::{Instance, Reply};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::Wrangler;
use crate::deploy::{active_versions, deploy, reply_where};
use crate::project::Project;
use crate::store::Store;

/// A release of Wrangler, and what differs in what is written for it.
#[derive(Clone, Copy)]
struct Release {
    package: &'static str,
    /// Where the configuration has bindings to the Secrets Store.
    store_bindings: fn(Value) -> (&'static str, Value),
}

const WRANGLER_3_114: Release = Release {
    package: "wrangler-3-114",
    // This one knows no such binding and passes on what it does not know.
    store_bindings: |mut binding| {
        binding["type"] = json!("secrets_store_secret");
        binding["name"] = binding["binding"].take();
        binding.as_object_mut().unwrap().remove("binding");
        ("unsafe", json!({ "bindings": [binding] }))
    },
};

const WRANGLER_4_20: Release = Release {
    package: "wrangler-4-20",
    store_bindings: |binding| ("secrets_store_secrets", json!([binding])),
};

/// Runs each of these with each release.
macro_rules! with_each_release {
    ($($test:ident),* $(,)?) => {
        mod wrangler_3_114 {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::WRANGLER_3_114).await;
            })*
        }
        mod wrangler_4_20 {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::WRANGLER_4_20).await;
            })*
        }
    };
}

with_each_release!(
    a_worker_is_deployed_again_and_deleted,
    secrets_come_at_once_and_go,
    secrets_of_versions_wait_for_a_deployment,
    versions_are_split_and_rolled_back,
    a_service_worker_keeps_its_parts,
    what_is_refused_is_told,
);

impl Release {
    fn wrangler(self, instance: &Instance) -> Wrangler {
        Wrangler::of(instance).installed_as(self.package)
    }

    /// The Worker `shop`, which answers with its variable, its secrets, and what it imports.
    fn shop(self, greeting: &str, store: &Store) -> Project {
        let binding =
            json!({ "binding": "PAYMENT", "store_id": store.id, "secret_name": "STRIPE_KEY" });
        let (key, bindings) = (self.store_bindings)(binding);
        let mut configuration =
            json!({ "name": "shop", "main": "index.js", "vars": { "GREETING": greeting } });
        configuration[key] = bindings;
        Project::new(configuration)
            .with("index.js", SHOP)
            .with("note.txt", "a note")
            .with("bytes.bin", [0, 128, 255])
    }
}

/// Its code is more than one module, so that what copies it has something to lose.
const SHOP: &str = r#"
import note from "./note.txt";
import bytes from "./bytes.bin";

export default {
    async fetch(_request, env) {
        const answer = { note, bytes: [...new Uint8Array(bytes)] };
        for (const [name, binding] of Object.entries(env)) {
            answer[name] = typeof binding === "string" ? binding : await binding.get();
        }
        return Response.json(answer);
    },
};
"#;

/// A store with the secret that the shop binds.
async fn store(instance: &Instance) -> Store {
    let store = Store::create(instance).await;
    store.add("STRIPE_KEY", "sk_live", &["workers"]).await;
    store
}

/// What the shop answers with this variable and these secrets of its own.
fn answer(greeting: &str, secrets: &Value) -> Value {
    let mut answer = json!({ "note": "a note", "bytes": [0, 128, 255], "PAYMENT": "sk_live" });
    answer["GREETING"] = json!(greeting);
    let expected = answer.as_object_mut().unwrap();
    expected.extend(secrets.as_object().unwrap().clone());
    answer
}

/// Waits until the shop answers exactly this.
async fn answers(instance: &Instance, expected: Value) {
    reply_where(instance, "shop", |reply| reply.json() == expected).await;
}

/// The version that has all of the traffic.
async fn active(instance: &Instance) -> String {
    let versions = active_versions(instance, "shop").await;
    assert_eq!(versions[0]["percentage"], 100, "{versions}");
    versions[0]["version_id"].as_str().unwrap().to_owned()
}

async fn a_worker_is_deployed_again_and_deleted(release: Release) {
    let instance = Instance::start().await.unwrap();
    let wrangler = release.wrangler(&instance);
    let store = store(&instance).await;
    let first = deploy(&wrangler, &release.shop("hello", &store)).await;
    let first = first.succeeded().says(&["Uploaded shop", "triggers"]);
    let first = first.never_says("sk_live");
    assert_eq!(
        active(&instance).await,
        first.after("Current Version ID:"),
        "{}",
        first.text
    );
    answers(&instance, answer("hello", &json!({}))).await;

    let project = release.shop("again", &store);
    let second = deploy(&wrangler, &project).await.succeeded();
    assert_ne!(
        second.after("Current Version ID:"),
        first.after("Current Version ID:")
    );
    assert_eq!(active(&instance).await, second.after("Current Version ID:"));
    answers(&instance, answer("again", &json!({}))).await;
    let named = ["--name", "shop"];
    for list in [["versions", "list"], ["deployments", "list"]] {
        let listed = wrangler.run(&[&list[..], &named].concat()).await;
        listed.succeeded().says(&[
            first.after("Current Version ID:"),
            second.after("Current Version ID:"),
        ]);
    }

    let delete = wrangler.run_in(project.path(), &["delete"], "").await;
    delete.succeeded().says(&["Successfully deleted shop"]);
    reply_where(&instance, "shop", |reply| reply.status == 404).await;
    let again = wrangler.run_in(project.path(), &["delete"], "").await;
    again.failed().says(&["[code: 10"]);
    assert_eq!(store.names().await, ["STRIPE_KEY"]);
}

async fn secrets_come_at_once_and_go(release: Release) {
    let instance = Instance::start().await.unwrap();
    let wrangler = release.wrangler(&instance);
    let store = store(&instance).await;
    let named = ["--name", "shop"];

    // Before there is a Worker, as a draft of one.
    let put = [&["secret", "put", "FIRST"], &named[..]].concat();
    let drafted = wrangler.run_with(&put, "one").await.succeeded();
    drafted.says(&["Success! Uploaded secret FIRST"]);
    let project = release.shop("hello", &store);
    deploy(&wrangler, &project).await.succeeded();
    answers(&instance, answer("hello", &json!({ "FIRST": "one" }))).await;

    let put = [&["secret", "put", "SECOND"], &named[..]].concat();
    let put = wrangler.run_with(&put, "two").await.succeeded();
    put.says(&["Success! Uploaded secret SECOND"])
        .never_says("two");
    let expected = json!({ "FIRST": "one", "SECOND": "two" });
    answers(&instance, answer("hello", &expected)).await;

    // Of all bindings it tells type and name only: they are kept, not emptied.
    let bulk = [&["secret", "bulk"], &named[..]].concat();
    let values = r#"{ "FIRST": "changed", "THIRD": "three words" }"#;
    let bulk = wrangler.run_with(&bulk, values).await.succeeded();
    bulk.says(&["2 secrets successfully uploaded"])
        .never_says("three words");
    let expected = json!({ "FIRST": "changed", "SECOND": "two", "THIRD": "three words" });
    answers(&instance, answer("hello", &expected)).await;

    let list = [&["secret", "list"], &named[..]].concat();
    let listed = wrangler.run(&list).await.succeeded();
    let printed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let names = printed.as_array().unwrap().iter();
    let mut names: Vec<_> = names.map(|secret| secret["name"].clone()).collect();
    names.sort_by_key(Value::to_string);
    assert_eq!(names, ["FIRST", "SECOND", "THIRD"]);

    // They stay when code is deployed.
    deploy(&wrangler, &release.shop("again", &store))
        .await
        .succeeded();
    answers(&instance, answer("again", &expected)).await;

    let delete = [&["secret", "delete", "SECOND"], &named[..]].concat();
    let deleted = wrangler.run(&delete).await.succeeded();
    deleted.says(&["Success! Deleted secret SECOND"]);
    let expected = json!({ "FIRST": "changed", "THIRD": "three words" });
    answers(&instance, answer("again", &expected)).await;
    let again = wrangler.run(&delete).await.failed();
    again.says(&["[code: 10056]"]);
}

async fn secrets_of_versions_wait_for_a_deployment(release: Release) {
    let instance = Instance::start().await.unwrap();
    let wrangler = release.wrangler(&instance);
    let store = store(&instance).await;
    let project = release.shop("hello", &store);
    deploy(&wrangler, &project).await.succeeded();
    let named = ["--name", "shop"];
    let run = async |command: &[&str], input: &str| {
        let command = [command, &named].concat();
        wrangler.run_with(&command, input).await.succeeded()
    };
    run(&["secret", "put", "KEPT"], "kept").await;
    let deployed = answer("hello", &json!({ "KEPT": "kept" }));
    answers(&instance, deployed.clone()).await;
    let before = active(&instance).await;

    let put = ["versions", "secret", "put", "FIRST", "--message", "first"];
    let put = run(&put, "one").await.never_says("one\n");
    let first = put.after("Created version").to_owned();
    let values = r#"{ "FIRST": "changed", "SECOND": "two", "THIRD": "three" }"#;
    let bulk = run(&["versions", "secret", "bulk"], values).await;
    let bulk = bulk.says(&["with 3 secrets"]).never_says("changed");
    let second = bulk.after("Created version").to_owned();
    let delete = run(&["versions", "secret", "delete", "SECOND"], "y\n").await;
    let third = delete.after("Created version").to_owned();

    // Nothing of it serves yet; each has its own secrets, and the code, variable and store of the first.
    assert_eq!(active(&instance).await, before);
    answers(&instance, deployed).await;
    for (version, secrets) in [
        (&first, json!({ "KEPT": "kept", "FIRST": "one" })),
        (
            &second,
            json!({ "KEPT": "kept", "FIRST": "changed", "SECOND": "two", "THIRD": "three" }),
        ),
        (
            &third,
            json!({ "KEPT": "kept", "FIRST": "changed", "THIRD": "three" }),
        ),
    ] {
        let (preview, expected) = (format!("{}-shop", &version[..8]), answer("hello", &secrets));
        reply_where(&instance, &preview, |reply| reply.json() == expected).await;
    }
    let latest = run(&["versions", "secret", "list", "--latest-version"], "").await;
    let latest = latest.says(&[&third, "FIRST", "KEPT", "THIRD"]);
    latest.never_says("SECOND");
    let listed = run(&["versions", "secret", "list"], "").await;
    listed.says(&[&before, "KEPT"]).never_says("THIRD");

    let whole = format!("{third}@100%");
    run(&["versions", "deploy", &whole, "--yes"], "").await;
    assert_eq!(active(&instance).await, third);
    let expected = json!({ "KEPT": "kept", "FIRST": "changed", "THIRD": "three" });
    answers(&instance, answer("hello", &expected)).await;
}

async fn versions_are_split_and_rolled_back(release: Release) {
    let instance = Instance::start().await.unwrap();
    let wrangler = release.wrangler(&instance);
    let store = store(&instance).await;
    let first = deploy(&wrangler, &release.shop("first", &store)).await;
    let first = first.succeeded().after("Current Version ID:").to_owned();
    answers(&instance, answer("first", &json!({}))).await;

    let project = release.shop("second", &store);
    let upload = ["versions", "upload", "--tag", "v2", "--message", "as tried"];
    let uploaded = wrangler.run_in(project.path(), &upload, "").await;
    let uploaded = uploaded.succeeded();
    let second = uploaded.after("Worker Version ID:").to_owned();
    let preview = format!("{}-shop", &second[..8]);
    uploaded.says(&[&preview]);
    let expected = answer("second", &json!({}));
    reply_where(&instance, &preview, |reply| reply.json() == expected).await;
    assert_eq!(active(&instance).await, first);

    let named = ["--name", "shop"];
    let run = async |command: &[&str]| {
        let command = [command, &named].concat();
        wrangler.run(&command).await.succeeded()
    };
    let halves = [format!("{first}@50%"), format!("{second}@50%")];
    run(&["versions", "deploy", &halves[0], &halves[1], "--yes"]).await;
    let status = run(&["deployments", "status"]).await;
    status.says(&["(50%)", &first, &second, "v2"]);
    assert_eq!(greetings(&instance).await, ["first", "second"]);

    let whole = format!("{second}@100%");
    run(&["versions", "deploy", &whole, "--yes"]).await;
    answers(&instance, answer("second", &json!({}))).await;

    run(&["rollback", &first, "--message", "it was better", "--yes"])
        .await
        .says(&[&first]);
    assert_eq!(active(&instance).await, first);
    answers(&instance, answer("first", &json!({}))).await;
    let view = run(&["versions", "view", &second]).await;
    view.says(&[&second, "as tried"]);

    // Forward again, with a secret that the first has not: it is told, and goes with `--yes`.
    run(&["versions", "deploy", &whole, "--yes"]).await;
    let put = [&["secret", "put", "TOKEN"], &named[..]].concat();
    wrangler.run_with(&put, "tok_new").await.succeeded();
    answers(&instance, answer("second", &json!({ "TOKEN": "tok_new" }))).await;
    let back = run(&["rollback", &first, "--message", "back", "--yes"]).await;
    back.says(&["TOKEN"]).never_says("tok_new");
    answers(&instance, answer("first", &json!({}))).await;
}

/// The greetings that answer to many keys, sorted.
async fn greetings(instance: &Instance) -> Vec<Value> {
    let gateway = instance.gateway();
    let mut seen = Vec::new();
    for key in 0..32 {
        let request = gateway.request(Method::GET, "shop", "/");
        let request = request.header("cloudflare-workers-version-key", format!("user-{key}"));
        seen.push(gateway.send(request).await.unwrap().json()["GREETING"].take());
    }
    seen.sort_by_key(Value::to_string);
    seen.dedup();
    seen
}

async fn a_service_worker_keeps_its_parts(release: Release) {
    let instance = Instance::start().await.unwrap();
    let wrangler = release.wrangler(&instance);
    let project = Project::new(json!({
        "name": "shop",
        "main": "index.js",
        "vars": { "GREETING": "hello" },
        "text_blobs": { "NOTE": "note.txt" },
    }))
    .with("note.txt", "a note")
    .with(
        "index.js",
        r#"addEventListener("fetch", (event) => event.respondWith(new Response(
    [GREETING, NOTE, typeof TOKEN === "undefined" ? "" : TOKEN].join())));"#,
    );
    deploy(&wrangler, &project).await.succeeded();
    let text = |expected: &'static str| move |reply: &Reply| reply.text == expected;
    reply_where(&instance, "shop", text("hello,a note,")).await;
    let put = ["secret", "put", "TOKEN", "--name", "shop"];
    wrangler.run_with(&put, "tok").await.succeeded();
    reply_where(&instance, "shop", text("hello,a note,tok")).await;
    let bulk = ["secret", "bulk", "--name", "shop"];
    let bulk = wrangler.run_with(&bulk, r#"{ "TOKEN": "other" }"#).await;
    bulk.succeeded();
    reply_where(&instance, "shop", text("hello,a note,other")).await;
    deploy(&wrangler, &project).await.succeeded();
    reply_where(&instance, "shop", text("hello,a note,other")).await;
}

async fn what_is_refused_is_told(release: Release) {
    let instance = Instance::start().await.unwrap();
    let wrangler = release.wrangler(&instance);
    let store = Store::create(&instance).await;
    // The store has no such secret.
    let refused = deploy(&wrangler, &release.shop("hello", &store)).await;
    refused.failed().says(&["STRIPE_KEY", "[code: 10182]"]);
    store.add("STRIPE_KEY", "sk_live", &["workers"]).await;
    let project = release.shop("hello", &store);
    deploy(&wrangler, &project).await.succeeded();
    let before = active(&instance).await;

    let long = "v".repeat(5 * 1024 + 1);
    let put = ["secret", "put", "LONG", "--name", "shop"];
    let refused = wrangler.run_with(&put, &long).await.failed();
    refused.says(&["[code: "]).never_says(&long);
    let bulk = ["secret", "bulk", "--name", "shop"];
    let values = json!({ "FINE": "value", "LONG": long }).to_string();
    let refused = wrangler.run_with(&bulk, &values).await.failed();
    refused.says(&["[code: "]).never_says(&long);
    let put = ["versions", "secret", "put", "LONG", "--name", "shop"];
    let refused = wrangler.run_with(&put, &long).await.failed();
    refused.says(&["[code: "]).never_says(&long);
    assert_eq!(active(&instance).await, before);

    // A secret has nowhere to go while the latest version does not serve.
    let upload = wrangler.run_in(project.path(), &["versions", "upload"], "");
    upload.await.succeeded();
    let put = ["secret", "put", "TOKEN", "--name", "shop"];
    let refused = wrangler.run_with(&put, "tok").await.failed();
    refused.says(&["latest version"]).never_says("tok\n");
    assert_eq!(active(&instance).await, before);
    answers(&instance, answer("hello", &json!({}))).await;
}
