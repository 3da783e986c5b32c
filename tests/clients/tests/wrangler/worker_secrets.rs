//! `wrangler secret`: put, list, bulk and delete, also on a Worker that does not exist yet.

use coffer_testkit::Instance;
use serde_json::{Value, json};

use crate::client::Wrangler;
use crate::deploy::{active_versions, deploy, reply_where};
use crate::project::{Project, reader};

/// Waits until the reader sees exactly these texts in `env`, apart from its variable.
async fn reads(instance: &Instance, worker: &str, texts: Value) {
    let mut expected = texts;
    expected["GREETING"] = json!("hello");
    reply_where(instance, worker, |reply| reply.json()["text"] == expected).await;
}

/// The Worker's secrets, as the API lists them.
async fn listed(instance: &Instance, worker: &str) -> Value {
    let path = format!("/workers/scripts/{worker}/secrets");
    let answer = instance.api().get(&path).await.unwrap().success().unwrap();
    let mut secrets = answer.result().as_array().unwrap().clone();
    secrets.sort_by_key(|secret| secret["name"].to_string());
    Value::Array(secrets)
}

fn secrets(names: &[&str]) -> Value {
    let secret = |name: &&str| json!({ "name": name, "type": "secret_text" });
    names.iter().map(secret).collect()
}

#[tokio::test]
async fn secrets_of_a_deployed_worker() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = reader("keys", "unused", &[]);
    deploy(&wrangler, &project).await.succeeded();
    reads(&instance, "keys", json!({})).await;
    let first = active_versions(&instance, "keys").await;

    let put = ["secret", "put", "API_TOKEN", "--name", "keys"];
    wrangler
        .run_with(&put, "tok_first\n")
        .await
        .succeeded()
        .says(&["Success! Uploaded secret API_TOKEN"])
        .never_says("tok_first");
    reads(&instance, "keys", json!({ "API_TOKEN": "tok_first" })).await;
    assert_ne!(active_versions(&instance, "keys").await, first);
    wrangler.run_with(&put, "tok_second").await.succeeded();
    reads(&instance, "keys", json!({ "API_TOKEN": "tok_second" })).await;

    let list = wrangler
        .run(&["secret", "list", "--name", "keys"])
        .await
        .succeeded();
    let printed: Value = serde_json::from_str(&list.stdout).unwrap();
    assert_eq!(printed, secrets(&["API_TOKEN"]));
    assert_eq!(listed(&instance, "keys").await, secrets(&["API_TOKEN"]));

    // One call that replaces, adds and deletes.
    let bulk = ["secret", "bulk", "--name", "keys"];
    wrangler
        .run_with(
            &bulk,
            r#"{ "API_TOKEN": null, "FIRST": "1", "SECOND": "two words" }"#,
        )
        .await
        .succeeded()
        .says(&[
            "1 secrets successfully deleted",
            "2 secrets successfully created",
        ])
        .never_says("two words");
    reads(
        &instance,
        "keys",
        json!({ "FIRST": "1", "SECOND": "two words" }),
    )
    .await;

    // From a file in dotenv form.
    let file = Project::empty().with("secrets.env", "THIRD=3\nFIRST=\"one more\"\n");
    let bulk = ["secret", "bulk", "secrets.env", "--name", "keys"];
    let done = wrangler.run_in(file.path(), &bulk, "").await.succeeded();
    done.says(&["2 secrets successfully created"]);
    let expected = json!({ "FIRST": "one more", "SECOND": "two words", "THIRD": "3" });
    reads(&instance, "keys", expected.clone()).await;

    // Secrets stay when code is deployed.
    deploy(&wrangler, &project).await.succeeded();
    reads(&instance, "keys", expected).await;

    wrangler
        .run(&["secret", "delete", "FIRST", "--name", "keys"])
        .await
        .succeeded()
        .says(&["Success! Deleted secret FIRST"]);
    reads(
        &instance,
        "keys",
        json!({ "SECOND": "two words", "THIRD": "3" }),
    )
    .await;
    assert_eq!(
        listed(&instance, "keys").await,
        secrets(&["SECOND", "THIRD"])
    );
    let again = wrangler
        .run(&["secret", "delete", "FIRST", "--name", "keys"])
        .await;
    again.failed().says(&["[code: 10056]"]);
}

#[tokio::test]
async fn secrets_before_the_worker_exists() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let list = ["secret", "list", "--name", "draft"];
    wrangler
        .run(&list)
        .await
        .failed()
        .says(&["Worker \"draft\" not found."]);

    wrangler
        .run_with(&["secret", "put", "API_TOKEN", "--name", "draft"], "tok")
        .await
        .succeeded()
        .says(&[
            "There doesn't seem to be a Worker called \"draft\"",
            "Creating new Worker \"draft\"",
        ])
        .says(&["Success! Uploaded secret API_TOKEN"]);
    assert_eq!(listed(&instance, "draft").await, secrets(&["API_TOKEN"]));
    let bulk = ["secret", "bulk", "--name", "draft-in-bulk"];
    wrangler
        .run_with(&bulk, r#"{ "FIRST": "1", "SECOND": "2" }"#)
        .await
        .succeeded()
        .says(&[
            "Creating new Worker \"draft-in-bulk\"",
            "2 secrets successfully created",
        ]);

    // The code that comes later finds them.
    for (worker, expected) in [
        ("draft", json!({ "API_TOKEN": "tok" })),
        ("draft-in-bulk", json!({ "FIRST": "1", "SECOND": "2" })),
    ] {
        deploy(&wrangler, &reader(worker, "unused", &[]))
            .await
            .succeeded();
        reads(&instance, worker, expected).await;
    }
}
