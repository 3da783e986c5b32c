//! Audit logs of accounts, in both versions, and of users.

use coffer_testkit::Instance;
use serde_json::Value;

use crate::script::Sdk;

#[tokio::test]
async fn python_drives_audit_logs() {
    drive(Sdk::Python).await;
}

#[tokio::test]
async fn typescript_drives_audit_logs() {
    drive(Sdk::TypeScript).await;
}

async fn drive(sdk: Sdk) {
    let instance = Instance::start().await.unwrap();
    let summary = sdk.run("audit_logs", &instance).await;

    let api = instance.api();
    let path = "/logs/audit?since=2020-01-01&before=2100-01-01&limit=1000";
    let audit = api.get(path).await.unwrap().success().unwrap();
    let events = audit.result().as_array().unwrap();
    let found = summary["events"].as_array().unwrap();
    assert_eq!(found.len(), 22);
    let ids: Vec<&Value> = events.iter().map(|event| &event["id"]).collect();
    assert!(found.iter().all(|id| ids.contains(&id)));
    let of = |id: &Value| events.iter().find(|event| event["id"] == *id).unwrap();
    assert_eq!(of(&summary["first"])["action"]["result"], "success");
    assert_eq!(of(&summary["failure"])["action"]["result"], "failure");
    assert!(!audit.json.to_string().contains("never in a log"));
}
