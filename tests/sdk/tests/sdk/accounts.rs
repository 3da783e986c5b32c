//! Accounts, users, memberships, roles and members.

use coffer_testkit::{ApiClient, Instance};
use serde_json::{Value, json};

use crate::administrator::shown_by_key;
use crate::script::Sdk;

#[tokio::test]
async fn python_drives_accounts() {
    drive_accounts(Sdk::Python).await;
}

#[tokio::test]
async fn typescript_drives_accounts() {
    drive_accounts(Sdk::TypeScript).await;
}

#[tokio::test]
async fn python_drives_members() {
    drive_members(Sdk::Python).await;
}

#[tokio::test]
async fn typescript_drives_members() {
    drive_members(Sdk::TypeScript).await;
}

async fn drive_accounts(sdk: Sdk) {
    let instance = Instance::start().await.unwrap();
    let summary = sdk.run("accounts", &instance).await;

    let api = instance.api();
    let account = api.get("").await.unwrap().success().unwrap();
    assert_eq!(account.result()["name"], summary["name"]);
    let user = shown_by_key(&instance, "/user").await;
    assert_eq!(user.result()["email"], instance.credentials().email);
    assert_eq!(user.result()["first_name"], summary["first_name"]);
    assert_eq!(user.result()["last_name"], Value::Null);
}

async fn drive_members(sdk: Sdk) {
    let instance = Instance::start().await.unwrap();
    let summary = sdk.run("members", &instance).await;

    let api = instance.api();
    let members = api.get("/members?per_page=50").await.unwrap();
    let members = members.success().unwrap();
    let ids = members.result().as_array().unwrap().iter();
    let ids: Value = ids.map(|member| member["id"].clone()).collect();
    assert_eq!(ids, summary["members"]);
    assert_eq!(members.json["result_info"]["total_count"], 25);
    assert_eq!(
        roles(&api, &summary["changed"]).await,
        json!(["Secrets Store Deployer"])
    );
    assert_eq!(
        roles(&api, &summary["owner"]).await,
        json!(["Super Administrator - All Privileges"])
    );
}

/// The names of a member's roles.
async fn roles(api: &ApiClient, member_id: &Value) -> Value {
    let path = format!("/members/{}", member_id.as_str().unwrap());
    let member = api.get(&path).await.unwrap().success().unwrap();
    let roles = member.result()["roles"].as_array().unwrap().iter();
    roles.map(|role| role["name"].clone()).collect()
}
