//! `wrangler deploy`: JavaScript and TypeScript, variables and Secrets Store bindings, first and again.

use coffer_testkit::{Instance, Reply, wait};
use serde_json::{Value, json};

use crate::client::{Printed, Wrangler};
use crate::project::{Project, READER, reader};
use crate::store::Store;

/// `wrangler deploy` in a project's directory.
pub(crate) async fn deploy(wrangler: &Wrangler, project: &Project) -> Printed {
    wrangler.run_in(project.path(), &["deploy"], "").await
}

/// The Worker's reply, once it is the expected one.
pub(crate) async fn reply_where(
    instance: &Instance,
    worker: &str,
    fits: impl Fn(&Reply) -> bool,
) -> Reply {
    let gateway = instance.gateway();
    let (reply, _) = wait::until(
        &format!("{worker} to answer as expected"),
        async || match gateway.get(worker, "/").await {
            Ok(reply) if fits(&reply) => Ok(reply),
            other => Err(format!("{other:?}")),
        },
    )
    .await
    .unwrap();
    reply
}

/// What the reader answers, once it answers.
pub(crate) async fn read(instance: &Instance, worker: &str) -> Value {
    reply_where(instance, worker, |reply| reply.status == 200)
        .await
        .json()
}

/// The versions of the newest deployment, with their percentages.
pub(crate) async fn active_versions(instance: &Instance, worker: &str) -> Value {
    let path = format!("/workers/scripts/{worker}/deployments");
    let answer = instance.api().get(&path).await.unwrap().success().unwrap();
    answer.result()["deployments"][0]["versions"].clone()
}

#[tokio::test]
async fn a_javascript_worker_with_variables_and_store_secrets() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let store = Store::create(&instance).await;
    store.add("STRIPE_KEY", "sk_live", &["workers"]).await;
    let project = Project::new(json!({
        "name": "hello",
        "main": "src/index.js",
        "vars": { "GREETING": "hello", "LIMITS": { "depth": 3, "names": ["a", "b"] } },
        "secrets_store_secrets": [
            { "binding": "PAYMENT", "store_id": store.id, "secret_name": "STRIPE_KEY" },
        ],
    }))
    .with("src/index.js", READER);

    let deployed = deploy(&wrangler, &project).await.succeeded();
    let deployed = deployed
        .says(&[
            "Uploaded hello",
            "Deployed hello triggers",
            "hello.dev.localhost",
        ])
        .says(&["Worker Startup Time:", "env.PAYMENT", "Current Version ID:"])
        .never_says("sk_live");
    let version = deployed.after("Current Version ID:");
    assert_eq!(
        active_versions(&instance, "hello").await,
        json!([{ "version_id": version, "percentage": 100 }])
    );
    let answer = read(&instance, "hello").await;
    assert_eq!(answer["store"], json!({ "PAYMENT": "sk_live" }));
    assert_eq!(answer["text"]["GREETING"], "hello");
    assert_eq!(
        answer["text"]["LIMITS"],
        json!({ "depth": 3, "names": ["a", "b"] })
    );

    let settings = instance.api().get("/workers/scripts/hello/settings").await;
    let settings = settings.unwrap().success().unwrap();
    let bindings = settings.result()["bindings"].as_array().unwrap().clone();
    let binding = |name| {
        bindings
            .iter()
            .find(|binding| binding["name"] == name)
            .unwrap()
    };
    assert_eq!(binding("GREETING")["text"], "hello");
    assert_eq!(binding("LIMITS")["type"], "json");
    assert_eq!(
        *binding("PAYMENT"),
        json!({
            "name": "PAYMENT",
            "type": "secrets_store_secret",
            "store_id": store.id,
            "secret_name": "STRIPE_KEY",
        })
    );
}

#[tokio::test]
async fn deploying_again_replaces_the_version() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = Project::new(json!({ "name": "again", "main": "index.js" })).with(
        "index.js",
        r#"export default { fetch: () => new Response("first") };"#,
    );
    let first = deploy(&wrangler, &project).await.succeeded();
    reply_where(&instance, "again", |reply| reply.text == "first").await;

    project.write(
        "index.js",
        r#"export default { fetch: () => new Response("second") };"#,
    );
    let second = deploy(&wrangler, &project).await.succeeded();
    let version = second.after("Current Version ID:");
    assert_ne!(version, first.after("Current Version ID:"));
    reply_where(&instance, "again", |reply| reply.text == "second").await;
    assert_eq!(
        active_versions(&instance, "again").await,
        json!([{ "version_id": version, "percentage": 100 }])
    );
    let listed = wrangler
        .run(&["versions", "list", "--name", "again"])
        .await
        .succeeded();
    listed.says(&[version, first.after("Current Version ID:")]);
    let listed = wrangler
        .run(&["deployments", "list", "--name", "again"])
        .await
        .succeeded();
    listed.says(&[version, first.after("Current Version ID:")]);
}

#[tokio::test]
async fn a_typescript_worker_configured_in_toml() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let store = Store::create(&instance).await;
    store.add("STRIPE_KEY", "sk_live", &["workers"]).await;
    let configuration = format!(
        r#"
name = "typed"
main = "src/index.ts"
compatibility_date = "2026-11-01"

[vars]
GREETING = "hello"

[[secrets_store_secrets]]
binding = "STRIPE_KEY"
store_id = "{}"
secret_name = "STRIPE_KEY"
"#,
        store.id
    );
    let project = Project::empty()
        .with("wrangler.toml", configuration)
        .with(
            "src/shout.ts",
            "export const shout = <T extends string>(text: T): string => `${text.toUpperCase()}!`;\n",
        )
        .with(
            "src/index.ts",
            r#"
import { shout } from "./shout";

interface Env {
    GREETING: string;
    STRIPE_KEY: { get(): Promise<string> };
}

enum Kind { Reply = "reply" }

export default {
    async fetch(_request: Request, env: Env): Promise<Response> {
        const key: string = await env.STRIPE_KEY.get();
        return Response.json({ kind: Kind.Reply, text: shout(env.GREETING), key } satisfies object);
    },
};
"#,
        );
    deploy(&wrangler, &project)
        .await
        .succeeded()
        .says(&["Uploaded typed"]);
    assert_eq!(
        read(&instance, "typed").await,
        json!({ "kind": "reply", "text": "HELLO!", "key": "sk_live" })
    );
}

#[tokio::test]
async fn a_project_of_many_workers_keeps_them_apart() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let store = Store::create(&instance).await;
    store.add("FIRST", "one", &["workers"]).await;
    store.add("SECOND", "two", &["workers"]).await;
    deploy(&wrangler, &reader("reads-first", &store.id, &["FIRST"]))
        .await
        .succeeded();
    deploy(&wrangler, &reader("reads-second", &store.id, &["SECOND"]))
        .await
        .succeeded();
    assert_eq!(
        read(&instance, "reads-first").await["store"],
        json!({ "FIRST": "one" })
    );
    assert_eq!(
        read(&instance, "reads-second").await["store"],
        json!({ "SECOND": "two" })
    );
}
