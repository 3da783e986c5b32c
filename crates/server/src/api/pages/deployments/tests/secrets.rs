//! The sealed values that deployments read.

use axum::http::Method;
use coffer_store::rows::pages_deployment_secrets;
use coffer_types::PagesProjectId;
use serde_json::{Value, json};

use crate::api::pages::testing::SITE;
use crate::testing::{TestApp, result, text_at};

async fn set(app: &TestApp, value: Value) {
    let body = json!({ "deployment_configs": { "production": { "env_vars": { "KEY": value } } } });
    result(&app.request(Method::PATCH, SITE, Some(body)).await);
}

async fn copies(app: &TestApp, project_id: PagesProjectId) -> i64 {
    let mut reader = app.store.reader().await.unwrap();
    pages_deployment_secrets::count_of_project(&mut reader, project_id)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_deployment_keeps_the_secrets_that_it_was_made_with() {
    let app = TestApp::with_site().await;
    let project = app.request(Method::GET, SITE, None).await;
    let project_id: PagesProjectId = text_at(result(&project), "/id").parse().unwrap();
    set(&app, json!({ "type": "secret_text", "value": "first" })).await;
    let first = app.deployed_code("main", &json!([])).await;
    set(&app, json!({ "type": "secret_text", "value": "second" })).await;
    let second = app.deployed_code("main", &json!([])).await;
    set(&app, Value::Null).await;
    let third = app.deployed_code("main", &json!([])).await;

    for (deployment, expected) in [
        (&first, Some("first")),
        (&second, Some("second")),
        (&third, None),
    ] {
        let told = app.told(deployment).await.unwrap();
        let opened = app.opened(&told).await;
        assert_eq!(opened.get("KEY").map(String::as_str), expected);
    }
    // Files alone read none.
    set(&app, json!({ "type": "secret_text", "value": "fourth" })).await;
    let files = app.deployed("main").await;
    assert!(app.told(&files).await.unwrap().secrets.is_empty());
    assert_eq!(copies(&app, project_id).await, 2);
    result(&app.request(Method::DELETE, SITE, None).await);
    assert_eq!(copies(&app, project_id).await, 0);
}
