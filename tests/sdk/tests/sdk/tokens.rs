//! API tokens of users and of accounts.

use coffer_testkit::Instance;
use serde_json::Value;

use crate::administrator::shown_by_key;
use crate::script::Sdk;

#[tokio::test]
async fn python_drives_tokens() {
    drive(Sdk::Python).await;
}

#[tokio::test]
async fn typescript_drives_tokens() {
    drive(Sdk::TypeScript).await;
}

async fn drive(sdk: Sdk) {
    let instance = Instance::start().await.unwrap();
    let summary = sdk.run("tokens", &instance).await;

    let account = format!("/accounts/{}", instance.credentials().account_id);
    for (owner, summary) in [
        (account.as_str(), &summary["account"]),
        ("/user", &summary["user"]),
    ] {
        let path = format!("{owner}/tokens?per_page=50");
        let listed = shown_by_key(&instance, &path).await;
        let listed = listed.result().as_array().unwrap();
        let ids: Vec<&Value> = listed.iter().map(|token| &token["id"]).collect();
        let left: Vec<&Value> = summary["left"].as_array().unwrap().iter().collect();
        assert_eq!(ids, left);
        assert!(!ids.contains(&&summary["deleted"]));
        // Refused tokens were not made, and the lists show no values.
        assert!(listed.iter().all(|token| token["name"] != "new"));
        assert!(listed.iter().all(|token| token.get("value").is_none()));
    }
}
