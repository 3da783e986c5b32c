//! The whole of Secrets Store.

use coffer_testkit::Instance;
use serde_json::json;

use crate::script::Sdk;

#[tokio::test]
async fn python_drives_secrets_store() {
    drive(Sdk::Python).await;
}

#[tokio::test]
async fn typescript_drives_secrets_store() {
    drive(Sdk::TypeScript).await;
}

async fn drive(sdk: Sdk) {
    let instance = Instance::start().await.unwrap();
    let summary = sdk.run("secrets_store", &instance).await;
    assert_eq!(summary["conflict"], "secret_name_already_exists: KEY_07");

    let api = instance.api();
    let stores = api.get("/secrets_store/stores").await.unwrap();
    let stores = stores.success().unwrap();
    assert_eq!(stores.json["result_info"]["total_count"], 1);
    assert_eq!(stores.result()[0]["id"], summary["store"]);
    assert_eq!(stores.result()[0]["name"], "again");

    let store = summary["store"].as_str().unwrap();
    let path = format!("/secrets_store/stores/{store}/secrets");
    let secrets = api.get(&path).await.unwrap().success().unwrap();
    assert_eq!(secrets.json["result_info"]["total_count"], 1);
    let secret = &secrets.result()[0];
    assert_eq!(secret["id"], summary["secret"]);
    assert_eq!(secret["name"], "NEW");
    assert_eq!(secret["scopes"], json!(["workers"]));
}
