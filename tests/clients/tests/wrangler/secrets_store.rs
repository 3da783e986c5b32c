//! `wrangler secrets-store`: stores and secrets, each step with the server's state.

use coffer_testkit::Instance;
use serde_json::{Value, json};

use crate::client::{Printed, Wrangler};
use crate::store::Store;

/// `wrangler secrets-store secret <verb> <store> … --remote`.
async fn secret(wrangler: &Wrangler, arguments: &[&str], input: &str) -> Printed {
    let command = [&["secrets-store", "secret"], arguments, &["--remote"]].concat();
    wrangler.run_with(&command, input).await
}

/// The arguments that create a secret of this name with one scope.
fn creating<'a>(store_id: &'a str, name: &'a str, scope: &'a str) -> Vec<&'a str> {
    vec!["create", store_id, "--name", name, "--scopes", scope]
}

fn has(secret: &Value, name: &str, comment: &str, scopes: &[&str]) {
    assert_eq!(secret["name"], name, "{secret}");
    assert_eq!(secret["comment"], comment, "{secret}");
    assert_eq!(secret["scopes"], json!(scopes), "{secret}");
    assert!(secret.get("value").is_none(), "{secret}");
}

#[tokio::test]
async fn a_store_is_created_and_listed() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    wrangler
        .run(&["secrets-store", "store", "list", "--remote"])
        .await
        .failed()
        .says(&["List request returned no stores."]);
    let created = wrangler
        .run(&["secrets-store", "store", "create", "dev", "--remote"])
        .await
        .succeeded()
        .says(&["Created store! (Name: dev, ID: "]);
    let id = created.after("ID: ");

    let listed = wrangler
        .run(&["secrets-store", "store", "list", "--remote"])
        .await
        .succeeded();
    let row = listed.row("dev");
    assert_eq!(row[..3], ["dev", id, &instance.credentials().account_id]);
    let answer = instance
        .api()
        .get("/secrets_store/stores")
        .await
        .unwrap()
        .success()
        .unwrap();
    assert_eq!(answer.result()[0]["id"], id);
    assert_eq!(answer.json["result_info"]["total_count"], 1);

    // One store per account.
    wrangler
        .run(&["secrets-store", "store", "create", "second", "--remote"])
        .await
        .failed()
        .says(&["maximum_stores_exceeded", "[code: 1003]"]);

    wrangler
        .run(&["secrets-store", "store", "delete", id, "--remote"])
        .await
        .succeeded()
        .says(&["Deleted store!"]);
    let answer = instance
        .api()
        .get("/secrets_store/stores")
        .await
        .unwrap()
        .success()
        .unwrap();
    assert_eq!(*answer.result(), json!([]));
}

#[tokio::test]
async fn a_secret_lives_from_create_to_delete() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let store = Store::create(&instance).await;
    let store_id = store.id.as_str();

    let create = [
        "create",
        store_id,
        "--name",
        "STRIPE_KEY",
        "--scopes",
        "workers",
    ];
    let create = [&create[..], &["--comment", "billing"]].concat();
    let created = secret(&wrangler, &create, "sk_first\n")
        .await
        .succeeded()
        .says(&["Created secret! (ID: "])
        .never_says("sk_first");
    let id = created.after("Created secret! (ID: ").to_owned();
    has(
        &store.secret(&id).await,
        "STRIPE_KEY",
        "billing",
        &["workers"],
    );

    let listed = secret(&wrangler, &["list", store_id], "").await.succeeded();
    let row = listed.row("STRIPE_KEY");
    assert_eq!(row[..4], ["STRIPE_KEY", &id, "billing", "workers"]);
    let got = secret(&wrangler, &["get", store_id, "--secret-id", &id], "")
        .await
        .succeeded();
    let row = got.row("STRIPE_KEY");
    assert_eq!(
        row[..5],
        ["STRIPE_KEY", &id, store_id, "billing", "workers"]
    );
    assert!(!got.text.contains("sk_first"));

    // The value alone, from standard input; then each of the others alone.
    let update = ["update", store_id, "--secret-id", &id];
    let updated = secret(&wrangler, &update, "sk_second").await.succeeded();
    updated.says(&["Updated secret!"]).never_says("sk_second");
    has(
        &store.secret(&id).await,
        "STRIPE_KEY",
        "billing",
        &["workers"],
    );
    let comment = [&update[..], &["--comment", "payments"]].concat();
    secret(&wrangler, &comment, "")
        .await
        .succeeded()
        .says(&["Updated secret!"]);
    has(
        &store.secret(&id).await,
        "STRIPE_KEY",
        "payments",
        &["workers"],
    );
    let scopes = [&update[..], &["--scopes", "workers,ai_gateway"]].concat();
    secret(&wrangler, &scopes, "")
        .await
        .succeeded()
        .says(&["Updated secret!"]);
    has(
        &store.secret(&id).await,
        "STRIPE_KEY",
        "payments",
        &["ai_gateway", "workers"],
    );

    let duplicate = [
        "duplicate",
        store_id,
        "--secret-id",
        &id,
        "--name",
        "STRIPE_COPY",
    ];
    let duplicate = [&duplicate[..], &["--scopes", "workers"]].concat();
    let duplicated = secret(&wrangler, &duplicate, "").await.succeeded();
    let copy = duplicated.after("Duplicated secret! (ID: ").to_owned();
    assert_ne!(copy, id);
    assert_eq!(store.secret(&copy).await["scopes"], json!(["workers"]));
    assert_eq!(store.names().await, ["STRIPE_COPY", "STRIPE_KEY"]);

    let delete = ["delete", store_id, "--secret-id", &id];
    secret(&wrangler, &delete, "")
        .await
        .succeeded()
        .says(&["Deleted secret!", &id]);
    assert_eq!(store.names().await, ["STRIPE_COPY"]);
    secret(&wrangler, &delete, "")
        .await
        .failed()
        .says(&["secret_not_found [code: 1001]"]);
}

#[tokio::test]
async fn bad_secrets_are_refused_and_nothing_is_made() {
    let instance = Instance::start().await.unwrap();
    let wrangler = Wrangler::of(&instance);
    let store = Store::create(&instance).await;
    let taken = store.add("TAKEN", "value", &["workers"]).await;
    let long = "v".repeat(1025);
    let long_name = "N".repeat(256);
    let create = |name, scope| creating(&store.id, name, scope);

    for (arguments, value, says) in [
        // Wrangler's own pattern, A-z, lets some names pass that are none.
        (create("not[a]name", "workers"), "value", "[code: "),
        (
            create("not a name", "workers"),
            "value",
            "may only contain alphanumeric",
        ),
        (create(&long_name, "workers"), "value", "[code: "),
        (
            create("TAKEN", "workers"),
            "value",
            "secret_name_already_exists: TAKEN [code: 1003]",
        ),
        (
            create("SCOPE", "satellites"),
            "value",
            "secret_scope_invalid",
        ),
        (create("LONG", "workers"), &long, "[code: "),
        (create("EMPTY", "workers"), "", "Need to pass in a value"),
    ] {
        secret(&wrangler, &arguments, value)
            .await
            .failed()
            .says(&[says]);
    }
    assert_eq!(store.names().await, ["TAKEN"]);

    let nowhere = "00000000000000000000000000000000";
    for (arguments, says) in [
        (vec!["list", nowhere], "store_not_found [code: 1001]"),
        (
            vec!["get", nowhere, "--secret-id", &taken],
            "store_not_found [code: 1001]",
        ),
        (
            vec!["get", &store.id, "--secret-id", nowhere],
            "secret_not_found [code: 1001]",
        ),
    ] {
        secret(&wrangler, &arguments, "")
            .await
            .failed()
            .says(&[says]);
    }
    let duplicate = [
        "duplicate",
        &store.id,
        "--secret-id",
        &taken,
        "--name",
        "TAKEN",
    ];
    let duplicate = [&duplicate[..], &["--scopes", "workers"]].concat();
    let refused = secret(&wrangler, &duplicate, "").await.failed();
    refused.says(&["secret_name_already_exists: TAKEN [code: 1003]"]);
    let update = ["update", &store.id, "--secret-id", &taken];
    secret(&wrangler, &update, &long)
        .await
        .failed()
        .says(&["[code: "]);
}
