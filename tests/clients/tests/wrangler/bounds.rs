//! The bounds that Wrangler users meet: dates, flags, languages, numbers and sizes. What is just inside works; what
//! is just outside is refused in words, and nothing of it stays.

use coffer_testkit::Instance;
use serde_json::{Map, Value, json};

use crate::client::Wrangler;
use crate::deploy::{active_versions, deploy, read, reply_where};
use crate::project::{Project, READER};

/// Bytes that one variable may have.
const MOST_BYTES: usize = 5 * 1024;
/// Variables and secrets that one version may have.
const MOST_VARIABLES: usize = 128;
/// Secrets that one bulk may have.
const MOST_IN_BULK: usize = 100;

/// A project of this configuration as it is, without another date.
fn dated(name: &str, date: &str, flags: &[&str], code: &str) -> Project {
    let configuration = json!({
        "name": name, "main": "index.js", "compatibility_date": date, "compatibility_flags": flags,
    });
    Project::empty()
        .with("wrangler.json", configuration.to_string())
        .with("index.js", code)
}

/// A project of the reader with these variables.
fn variables(name: &str, vars: &Value) -> Project {
    Project::new(json!({ "name": name, "main": "index.js", "vars": vars })).with("index.js", READER)
}

/// So many variables.
fn many(count: usize) -> Value {
    let vars = (0..count).map(|number| (format!("V{number}"), json!("x")));
    Value::Object(vars.collect::<Map<_, _>>())
}

async fn secrets_of(instance: &Instance, worker: &str) -> usize {
    let path = format!("/workers/scripts/{worker}/secrets");
    let answer = instance.api().get(&path).await.unwrap().success().unwrap();
    answer.result().as_array().unwrap().len()
}

async fn exists(instance: &Instance, worker: &str) -> bool {
    let path = format!("/workers/scripts/{worker}/settings");
    instance.api().get(&path).await.unwrap().status == 200
}

#[tokio::test]
async fn dates_from_the_first_to_what_the_runtime_knows() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let code = r#"export default { fetch: () => new Response("runs") };"#;
    for (name, date) in [
        ("first", "2021-11-02"),
        ("earlier", "2020-01-01"),
        ("old", "2022-01-01"),
        ("older", "2022-11-30"),
    ] {
        deploy(&wrangler, &dated(name, date, &[], code))
            .await
            .succeeded();
        let reply = reply_where(&instance, name, |reply| reply.status == 200).await;
        assert_eq!(reply.text, "runs");
        let path = format!("/workers/scripts/{name}/settings");
        let settings = instance.api().get(&path).await.unwrap().success().unwrap();
        assert_eq!(settings.result()["compatibility_date"], date);
    }
    deploy(&wrangler, &dated("future", "2099-01-01", &[], code))
        .await
        .failed()
        .says(&["2099-01-01", "[code: 10021]"]);
    deploy(&wrangler, &dated("never", "2026-02-30", &[], code))
        .await
        .failed();
    deploy(
        &wrangler,
        &dated("flag", "2026-01-01", &["no_such_flag"], code),
    )
    .await
    .failed()
    .says(&["no_such_flag", "[code: 10021]"]);
    for name in ["future", "never", "flag"] {
        assert!(!exists(&instance, name).await, "{name}");
    }
}

#[tokio::test]
async fn modules_of_node_where_the_flag_is_set() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let code = r#"
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { AsyncLocalStorage } from "node:async_hooks";
import { format } from "util";

const storage = new AsyncLocalStorage();
export default {
    fetch(request, env) {
        return storage.run("kept", async () => {
            await scheduler.wait(1);
            return Response.json([
                Buffer.from("text").toString("base64"),
                createHash("sha256").update("").digest("hex").slice(0, 8),
                storage.getStore(),
                format("%s-%d", "a", 1),
                process.env.NAME ?? null,
            ]);
        });
    },
};"#;
    let flags = ["nodejs_compat"];
    let project = dated("node", "2025-09-01", &flags, code);
    let configuration = json!({
        "name": "node", "main": "index.js", "compatibility_date": "2025-09-01",
        "compatibility_flags": flags, "vars": { "NAME": "from a variable" },
    });
    project.write("wrangler.json", configuration.to_string());
    deploy(&wrangler, &project).await.succeeded();
    assert_eq!(
        read(&instance, "node").await,
        json!(["dGV4dA==", "e3b0c442", "kept", "a-1", "from a variable"])
    );
    // Without the flag there are none, and the runtime says so.
    deploy(&wrangler, &dated("plain", "2024-01-01", &[], code))
        .await
        .failed()
        .says(&["node:"]);
    assert!(!exists(&instance, "plain").await);
}

#[tokio::test]
async fn python_is_refused_by_name() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let configuration = json!({
        "name": "snake", "main": "src/entry.py", "compatibility_date": "2026-01-01",
        "compatibility_flags": ["python_workers"],
    });
    let code =
        "from workers import Response\n\ndef on_fetch(request):\n    return Response('hi')\n";
    let project = Project::empty()
        .with("wrangler.json", configuration.to_string())
        .with("src/entry.py", code);
    deploy(&wrangler, &project)
        .await
        .failed()
        .says(&["is Python", "[code: 10021]"]);
    assert!(!exists(&instance, "snake").await);
}

#[tokio::test]
async fn as_many_variables_as_there_may_be() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = variables("many", &many(MOST_VARIABLES));
    deploy(&wrangler, &project).await.succeeded();
    let told = read(&instance, "many").await;
    assert_eq!(told["text"].as_object().unwrap().len(), MOST_VARIABLES);
    let active = active_versions(&instance, "many").await;

    let one_more = variables("many", &many(MOST_VARIABLES + 1));
    deploy(&wrangler, &one_more)
        .await
        .failed()
        .says(&["at most 128", "129"]);
    // A secret counts like a variable.
    wrangler
        .run_with(&["secret", "put", "S", "--name", "many"], "s")
        .await
        .failed()
        .says(&["at most 128"]);
    wrangler
        .run_with(&["versions", "secret", "put", "S", "--name", "many"], "s")
        .await
        .failed();
    assert_eq!(active_versions(&instance, "many").await, active);
    assert_eq!(secrets_of(&instance, "many").await, 0);
}

#[tokio::test]
async fn as_long_as_one_variable_may_be() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let fits = "v".repeat(MOST_BYTES);
    let long = "w".repeat(6 * 1024);
    let project = variables("long", &json!({ "TEXT": fits }));
    deploy(&wrangler, &project).await.succeeded();
    let put = ["secret", "put", "SECRET", "--name", "long"];
    wrangler.run_with(&put, &fits).await.succeeded();
    let told = reply_where(&instance, "long", |reply| reply.text.contains("SECRET")).await;
    let told = told.json();
    assert_eq!(
        (&told["text"]["TEXT"], &told["text"]["SECRET"]),
        (&json!(fits), &json!(fits))
    );
    let active = active_versions(&instance, "long").await;

    for command in [
        vec!["secret", "put", "SECRET", "--name", "long"],
        vec!["versions", "secret", "put", "SECRET", "--name", "long"],
    ] {
        let printed = wrangler.run_with(&command, &long).await.failed();
        printed.says(&["5120", "[code: "]).never_says(&long);
    }
    let bulk = json!({ "SMALL": "s", "SECRET": long }).to_string();
    let printed = wrangler
        .run_with(&["secret", "bulk", "--name", "long"], &bulk)
        .await;
    printed.failed().never_says(&long);
    let too_long = variables("long", &json!({ "TEXT": long }));
    deploy(&wrangler, &too_long)
        .await
        .failed()
        .says(&["TEXT", "5120", "[code: 10054]"]);
    project.write("secrets.json", json!({ "SECRET": long }).to_string());
    let with_file = ["deploy", "--secrets-file", "secrets.json"];
    let printed = wrangler.run_in(project.path(), &with_file, "").await;
    printed.failed().says(&["SECRET"]).never_says(&long);
    assert_eq!(active_versions(&instance, "long").await, active);
    assert_eq!(secrets_of(&instance, "long").await, 1);
}

#[tokio::test]
async fn as_many_secrets_as_one_bulk_may_have() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    deploy(&wrangler, &variables("bulky", &json!({})))
        .await
        .succeeded();
    let bulk = ["secret", "bulk", "--name", "bulky"];
    let over = many(MOST_IN_BULK + 1).to_string();
    wrangler
        .run_with(&bulk, &over)
        .await
        .failed()
        .says(&["100"]);
    assert_eq!(secrets_of(&instance, "bulky").await, 0);
    let most = many(MOST_IN_BULK).to_string();
    wrangler.run_with(&bulk, &most).await.succeeded();
    assert_eq!(secrets_of(&instance, "bulky").await, MOST_IN_BULK);
}

#[tokio::test]
async fn names_that_cannot_be_or_are_taken() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    for name in ["A-B", "1A", "A B", "A.B", ""] {
        deploy(&wrangler, &variables("names", &json!({ name: "x" })))
            .await
            .failed();
        assert!(!exists(&instance, "names").await, "{name}");
    }
    deploy(
        &wrangler,
        &variables("names", &json!({ "_A9": "x", "Ä": "y" })),
    )
    .await
    .succeeded();
    let told = read(&instance, "names").await;
    assert_eq!(told["text"], json!({ "_A9": "x", "Ä": "y" }));
    let active = active_versions(&instance, "names").await;
    for name in ["A-B", "1A", "A B", "A.B"] {
        let put = ["secret", "put", name, "--name", "names"];
        wrangler.run_with(&put, "s").await.failed();
    }
    // A variable has the name: a secret cannot take it.
    let put = ["secret", "put", "_A9", "--name", "names"];
    wrangler
        .run_with(&put, "s")
        .await
        .failed()
        .says(&["_A9", "already in use"]);
    // Two bindings of one name in one upload.
    let twice = Project::new(json!({
        "name": "names", "main": "index.js", "vars": { "SELF": "x" },
        "version_metadata": { "binding": "SELF" },
    }))
    .with("index.js", READER);
    deploy(&wrangler, &twice).await.failed().says(&["SELF"]);
    assert_eq!(active_versions(&instance, "names").await, active);
    assert_eq!(secrets_of(&instance, "names").await, 0);
}
