mod domains;
mod routes;

use axum::http::Method;
use serde_json::{Value, json};

use crate::api::workers::testing::{Multipart, metadata};
use crate::testing::{Actor, Answer, TestApp, failure, result};

const DOMAINS: &str = "/accounts/{account_id}/workers/domains";

fn script(name: &str, below: &str) -> String {
    format!("/accounts/{{account_id}}/workers/scripts/{name}/{below}")
}

async fn two_workers() -> TestApp {
    let app = TestApp::new().await;
    app.upload("shop", json!([])).await;
    app.upload("blog", json!([])).await;
    app
}

/// Another account with a Worker named `theirs`.
async fn stranger(app: &TestApp) -> (Actor, String) {
    let other = app.other_account().await;
    let account = format!("/accounts/{}", other.id);
    let body = Multipart::script(&metadata(&json!([])));
    let path = format!("{account}/workers/scripts/theirs");
    let answer = app.multipart_as(&other.admin, Method::PUT, &path, body);
    result(&answer.await);
    (other.admin, account)
}

async fn hosts_of(app: &TestApp, worker: &str) -> Vec<String> {
    let record = app.record_of(worker).await.unwrap();
    record.hosts.iter().map(ToString::to_string).collect()
}

async fn routes_of(app: &TestApp, worker: &str) -> Vec<String> {
    let record = app.record_of(worker).await.unwrap();
    record.routes.iter().map(ToString::to_string).collect()
}

/// The one refusal: its status, its code with its words, and where it points.
fn refusal(answer: &Answer) -> (u16, String) {
    let (status, errors) = failure(answer);
    assert_eq!(errors.len(), 1, "{errors:?}");
    (status, errors[0].clone())
}

fn hostnames(domains: &Value) -> Vec<&str> {
    let domains = domains.as_array().unwrap();
    domains
        .iter()
        .map(|domain| domain["hostname"].as_str().unwrap())
        .collect()
}
