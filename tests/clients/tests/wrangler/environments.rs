//! Environments of one project, secrets that come with a deploy or must be there before it, variables that were
//! changed elsewhere, and the account's part of the host names.

use coffer_testkit::{Instance, wait};
use reqwest::Method;
use reqwest::multipart::Form;
use serde_json::{Value, json};

use crate::client::Wrangler;
use crate::deploy::{active_versions, deploy, reply_where};
use crate::project::{Project, READER};

/// The reader, configured by this and its variable.
fn project(mut configuration: Value) -> Project {
    configuration["name"] = json!("shop");
    configuration["main"] = json!("index.js");
    Project::new(configuration).with("index.js", READER)
}

/// Waits until the Worker sees exactly these texts in `env`.
async fn reads(instance: &Instance, worker: &str, texts: Value) {
    reply_where(instance, worker, |reply| reply.json()["text"] == texts).await;
}

/// The Worker's secrets by name, as the API lists them, sorted.
async fn secrets(instance: &Instance, worker: &str) -> Vec<String> {
    let path = format!("/workers/scripts/{worker}/secrets");
    let answer = instance.api().get(&path).await.unwrap().success().unwrap();
    let listed = answer.result().as_array().unwrap().iter();
    let mut names: Vec<_> = listed
        .map(|secret| secret["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_environment_is_a_worker_with_secrets_of_its_own() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = project(json!({
        "vars": { "GREETING": "hello" },
        "env": { "staging": { "vars": { "GREETING": "hello, staging" } } },
    }));
    let run = async |command: &[&str], input: &str| {
        let done = wrangler.run_in(project.path(), command, input).await;
        done.succeeded()
    };
    run(&["deploy", "--env="], "").await;
    let deployed = run(&["deploy", "--env", "staging"], "").await;
    deployed.says(&["Uploaded shop-staging", "shop-staging.dev.localhost"]);

    run(&["secret", "put", "TOKEN", "--env="], "tok_production").await;
    let put = ["secret", "put", "TOKEN", "--env", "staging"];
    run(&put, "tok_staging").await.says(&["shop-staging"]);
    let bulk = ["secret", "bulk", "--env", "staging"];
    run(&bulk, r#"{ "ONLY_STAGING": "1" }"#).await;
    reads(
        &instance,
        "shop",
        json!({ "GREETING": "hello", "TOKEN": "tok_production" }),
    )
    .await;
    let staging =
        json!({ "GREETING": "hello, staging", "TOKEN": "tok_staging", "ONLY_STAGING": "1" });
    reads(&instance, "shop-staging", staging).await;

    let delete = ["secret", "delete", "TOKEN", "--env", "staging"];
    run(&delete, "").await;
    assert_eq!(secrets(&instance, "shop").await, ["TOKEN"]);
    assert_eq!(secrets(&instance, "shop-staging").await, ["ONLY_STAGING"]);
    run(&["delete", "--env", "staging", "--force"], "").await;
    reply_where(&instance, "shop-staging", |reply| reply.status == 404).await;
    reads(
        &instance,
        "shop",
        json!({ "GREETING": "hello", "TOKEN": "tok_production" }),
    )
    .await;
}

#[tokio::test]
async fn secrets_come_with_the_code_from_a_file() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = project(json!({}))
        .with("first.json", r#"{ "FIRST": "1", "SECOND": "two words" }"#)
        .with("second.env", "SECOND=changed\nTHIRD=\"3\"\n");
    let run = async |command: &[&str]| {
        let done = wrangler.run_in(project.path(), command, "").await;
        done.succeeded()
    };
    let deployed = run(&["deploy", "--secrets-file", "first.json"]).await;
    deployed.never_says("two words");
    reads(
        &instance,
        "shop",
        json!({ "FIRST": "1", "SECOND": "two words" }),
    )
    .await;

    // A version that waits has them, too, and what it does not name stays.
    let before = active_versions(&instance, "shop").await;
    let uploaded = run(&["versions", "upload", "--secrets-file", "second.env"]).await;
    let uploaded = uploaded.never_says("changed");
    let version = uploaded.after("Worker Version ID:");
    assert_eq!(active_versions(&instance, "shop").await, before);
    let expected = json!({ "FIRST": "1", "SECOND": "changed", "THIRD": "3" });
    reads(
        &instance,
        &format!("{}-shop", &version[..8]),
        expected.clone(),
    )
    .await;
    let whole = format!("{version}@100%");
    run(&["versions", "deploy", &whole, "--yes"]).await;
    reads(&instance, "shop", expected).await;
    run(&["deploy", "--secrets-file", "first.json"]).await;
    let expected = json!({ "FIRST": "1", "SECOND": "two words", "THIRD": "3" });
    reads(&instance, "shop", expected).await;
}

#[tokio::test]
async fn secrets_that_are_required_must_be_there() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let plain = project(json!({}));
    deploy(&wrangler, &plain).await.succeeded();
    let before = active_versions(&instance, "shop").await;

    let strict = project(json!({ "secrets": { "required": ["API_KEY", "OTHER"] } }));
    for command in [&["deploy"][..], &["versions", "upload"]] {
        let refused = wrangler.run_in(strict.path(), command, "").await.failed();
        refused.says(&["API_KEY", "OTHER", "required"]);
    }
    assert_eq!(active_versions(&instance, "shop").await, before);
    let versions = instance.api().get("/workers/scripts/shop/versions").await;
    let versions = versions.unwrap().result()["items"].clone();
    assert_eq!(versions.as_array().unwrap().len(), 1, "{versions}");

    let put = ["secret", "put", "API_KEY", "--name", "shop"];
    wrangler.run_with(&put, "key").await.succeeded();
    let refused = deploy(&wrangler, &strict).await.failed();
    refused.says(&["OTHER"]).never_says("API_KEY");
    strict.write("secrets.json", r#"{ "OTHER": "other" }"#);
    let deploy = ["deploy", "--secrets-file", "secrets.json"];
    let deployed = wrangler.run_in(strict.path(), &deploy, "").await;
    deployed.succeeded();
    let expected = json!({ "API_KEY": "key", "OTHER": "other" });
    reads(&instance, "shop", expected).await;
}

#[tokio::test]
async fn variables_changed_elsewhere_are_kept_when_asked_for() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = project(json!({ "vars": { "GREETING": "hello" } }));
    deploy(&wrangler, &project).await.succeeded();
    let edited = json!({ "bindings": [
        { "name": "GREETING", "type": "plain_text", "text": "edited" },
        { "name": "ADDED", "type": "plain_text", "text": "added" },
        { "name": "SETTINGS", "type": "json", "json": { "depth": 3 } },
    ] });
    let api = instance.api();
    let request = api.request(Method::PATCH, "/workers/scripts/shop/settings");
    let form = Form::new().text("settings", edited.to_string());
    let answer = api.send(request.multipart(form)).await.unwrap();
    answer.success().unwrap();
    let expected = json!({ "GREETING": "edited", "ADDED": "added", "SETTINGS": { "depth": 3 } });
    reads(&instance, "shop", expected).await;

    // What the configuration names is as it says; the rest stays.
    let kept = ["deploy", "--keep-vars"];
    let deployed = wrangler.run_in(project.path(), &kept, "").await;
    deployed.succeeded();
    let expected = json!({ "GREETING": "hello", "ADDED": "added", "SETTINGS": { "depth": 3 } });
    reads(&instance, "shop", expected).await;
    deploy(&wrangler, &project).await.succeeded();
    reads(&instance, "shop", json!({ "GREETING": "hello" })).await;
}

#[tokio::test]
async fn a_secret_waits_for_the_latest_version_to_be_deployed() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = project(json!({}));
    deploy(&wrangler, &project).await.succeeded();
    let before = active_versions(&instance, "shop").await;
    let upload = wrangler.run_in(project.path(), &["versions", "upload"], "");
    let uploaded = upload.await.succeeded();
    let version = uploaded.after("Worker Version ID:");

    let put = ["secret", "put", "TOKEN", "--name", "shop"];
    let refused = wrangler.run_with(&put, "tok_early").await.failed();
    let refused = refused.says(&["latest version", "isn't currently deployed"]);
    refused.never_says("tok_early");
    let bulk = ["secret", "bulk", "--name", "shop"];
    let refused = wrangler.run_with(&bulk, r#"{ "TOKEN": "tok" }"#).await;
    refused.failed().says(&["latest version"]);
    let delete = ["secret", "delete", "TOKEN", "--name", "shop"];
    wrangler.run(&delete).await.failed();
    assert_eq!(active_versions(&instance, "shop").await, before);
    assert_eq!(secrets(&instance, "shop").await, Vec::<String>::new());

    // Its own commands do not mind, and go on from it.
    let put = ["versions", "secret", "put", "TOKEN", "--name", "shop"];
    let put = wrangler.run_with(&put, "tok").await.succeeded();
    let with_secret = put.after("Created version");
    assert_ne!(with_secret, version);
    let whole = format!("{with_secret}@100%");
    let deploy = ["versions", "deploy", &whole, "--yes", "--name", "shop"];
    wrangler.run(&deploy).await.succeeded();
    reads(&instance, "shop", json!({ "TOKEN": "tok" })).await;
}

#[tokio::test]
async fn host_names_follow_the_account_s_subdomain() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let project = project(json!({}));
    deploy(&wrangler, &project).await.succeeded();
    reads(&instance, "shop", json!({})).await;
    let api = instance.api();
    let subdomain = "/workers/subdomain";
    let put = api.request(Method::PUT, subdomain);
    let put = put.json(&json!({ "subdomain": "acme" }));
    api.send(put).await.unwrap().success().unwrap();

    let status = async |domain: &str| {
        let reply = instance.gateway_of(domain).get("shop", "/").await;
        reply.unwrap().status
    };
    let moved = async || match (
        status("acme.localhost").await,
        status("dev.localhost").await,
    ) {
        (200, 404) => Ok(()),
        other => Err(format!("{other:?}")),
    };
    wait::until("the host name to follow", moved).await.unwrap();
    let deployed = deploy(&wrangler, &project).await.succeeded();
    deployed.says(&["shop.acme.localhost"]);

    let delete = api.request(Method::DELETE, subdomain);
    assert_eq!(api.send(delete).await.unwrap().status, 204);
    let gone = async || match status("acme.localhost").await {
        404 => Ok(()),
        other => Err(other),
    };
    wait::until("the host name to be gone", gone).await.unwrap();
    // Wrangler asks whether to register one; nobody answers.
    let triggers = ["triggers", "deploy"];
    let refused = wrangler.run_in(project.path(), &triggers, "").await;
    refused.failed().says(&["register", "subdomain"]);
    let older = Wrangler::of(&instance).installed_as("wrangler-4-20");
    let refused = older.run_in(project.path(), &triggers, "").await;
    refused.failed().says(&["register", "subdomain"]);

    let put = api.request(Method::PUT, subdomain);
    let put = put.json(&json!({ "subdomain": "dev" }));
    api.send(put).await.unwrap().success().unwrap();
    deploy(&wrangler, &project).await.succeeded();
    reads(&instance, "shop", json!({})).await;
}
