//! Starting and stopping.

use coffer_testkit::{Instance, Settings};
use serde_json::json;

#[tokio::test]
async fn a_server_is_healthy_and_ends_when_asked() {
    let mut instance = Instance::start().await.unwrap();
    for path in ["/healthz", "/readyz", "/metrics"] {
        let response = reqwest::get(format!("{}{path}", instance.api_origin()))
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{path}");
    }
    let status = instance.terminate().await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", instance.output());
    assert!(
        reqwest::get(format!("{}/healthz", instance.api_origin()))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn credentials_are_printed_once_and_are_good_for_ever() {
    let mut instance = Instance::initialise(Settings::default()).await.unwrap();
    let credentials = instance.credentials().clone();
    assert_eq!(credentials.account_id.len(), 32);
    for _ in 0..2 {
        instance.serve().await.unwrap();
        let answer = instance.api().get("").await.unwrap().success().unwrap();
        assert_eq!(answer.result()["id"], credentials.account_id);
        instance.terminate().await.unwrap();
    }
    let output = instance.output();
    for secret in [
        &credentials.password,
        &credentials.api_token,
        &credentials.global_api_key,
    ] {
        assert!(
            !output.contains(secret.as_str()),
            "serving an initialised directory prints none"
        );
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_a_kill() {
    let mut instance = Instance::start().await.unwrap();
    let store = instance
        .api()
        .post("/secrets_store/stores", &json!({ "name": "dev" }))
        .await;
    let store = store.unwrap().success().unwrap();
    instance.kill().await.unwrap();
    instance.serve().await.unwrap();
    let stores = instance
        .api()
        .get("/secrets_store/stores")
        .await
        .unwrap()
        .success()
        .unwrap();
    assert_eq!(stores.result()[0]["id"], store.result()["id"]);
}
