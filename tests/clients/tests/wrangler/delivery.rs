//! An edit of a secret reaches the running Worker without a deploy.

use std::time::Duration;

use coffer_testkit::{Instance, wait};
use serde_json::json;

use crate::client::Wrangler;
use crate::deploy::{active_versions, deploy, read};
use crate::project::reader;
use crate::store::Store;

/// How long it takes until the Worker sees this in the secret's place.
async fn reaches(instance: &Instance, expected: &str) -> Duration {
    let gateway = instance.gateway();
    let (_, took) = wait::until(&format!("the Worker to read {expected}"), async || {
        let reply = gateway
            .get("billing", "/")
            .await
            .map_err(|error| error.to_string())?;
        let seen = &reply.json()["store"]["STRIPE_KEY"];
        if *seen == expected {
            Ok(())
        } else {
            Err(reply.text)
        }
    })
    .await
    .unwrap();
    took
}

#[tokio::test]
async fn update_delete_and_create_reach_the_running_worker() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let store = Store::create(&instance).await;
    let id = store.add("STRIPE_KEY", "sk_first", &["workers"]).await;
    deploy(&wrangler, &reader("billing", &store.id, &["STRIPE_KEY"]))
        .await
        .succeeded();
    assert_eq!(
        read(&instance, "billing").await["store"]["STRIPE_KEY"],
        "sk_first"
    );
    let version = active_versions(&instance, "billing").await;

    let secret = ["secrets-store", "secret"];
    let of = [store.id.as_str(), "--secret-id", &id, "--remote"];
    let update = [&secret[..], &["update"], &of, &["--value", "sk_second"]].concat();
    wrangler.run(&update).await.succeeded();
    let took = reaches(&instance, "sk_second").await;
    println!(
        "an update reached the Worker {} ms after Wrangler ended",
        took.as_millis()
    );

    let delete = [&secret[..], &["delete"], &of].concat();
    wrangler.run(&delete).await.succeeded();
    let took = reaches(&instance, "rejected: Secret \"STRIPE_KEY\" not found").await;
    println!(
        "a delete reached the Worker {} ms after Wrangler ended",
        took.as_millis()
    );

    let create = [
        "create",
        &store.id,
        "--name",
        "STRIPE_KEY",
        "--scopes",
        "workers",
        "--remote",
    ];
    let create = [&secret[..], &create].concat();
    wrangler.run_with(&create, "sk_third").await.succeeded();
    let took = reaches(&instance, "sk_third").await;
    println!(
        "a new secret reached the Worker {} ms after Wrangler ended",
        took.as_millis()
    );

    assert_eq!(
        active_versions(&instance, "billing").await,
        version,
        "no redeploy"
    );
}

#[tokio::test]
async fn taking_the_scope_away_takes_the_value_away() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let store = Store::create(&instance).await;
    let id = store.add("STRIPE_KEY", "sk_first", &["workers"]).await;
    deploy(&wrangler, &reader("billing", &store.id, &["STRIPE_KEY"]))
        .await
        .succeeded();
    reaches(&instance, "sk_first").await;

    let path = format!("/secrets_store/stores/{}/secrets/{id}", store.id);
    let api = instance.api();
    let narrowed = api.patch(&path, &json!({ "scopes": ["ai_gateway"] })).await;
    narrowed.unwrap().success().unwrap();
    reaches(&instance, "rejected: Secret \"STRIPE_KEY\" not found").await;
}

#[tokio::test]
async fn values_survive_a_restart_and_a_kill() {
    let mut instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let store = Store::create(&instance).await;
    store.add("STRIPE_KEY", "sk_first", &["workers"]).await;
    deploy(&wrangler, &reader("billing", &store.id, &["STRIPE_KEY"]))
        .await
        .succeeded();
    reaches(&instance, "sk_first").await;

    let status = instance.terminate().await.unwrap();
    assert!(status.success(), "{status}");
    instance.serve().await.unwrap();
    reaches(&instance, "sk_first").await;
    instance.kill().await.unwrap();
    instance.serve().await.unwrap();
    reaches(&instance, "sk_first").await;
}
