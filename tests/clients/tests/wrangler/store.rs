//! The server's state of stores and secrets, and making some without Wrangler.

use coffer_testkit::{ApiClient, Instance};
use serde_json::{Value, json};

/// A store with secrets, made through the API.
pub(crate) struct Store {
    api: ApiClient,
    pub(crate) id: String,
}

impl Store {
    /// Creates the account's store.
    pub(crate) async fn create(instance: &Instance) -> Self {
        let api = instance.api();
        let answer = api
            .post("/secrets_store/stores", &json!({ "name": "dev" }))
            .await;
        let answer = answer.unwrap().success().unwrap();
        let id = answer.result()["id"].as_str().unwrap().to_owned();
        Self { api, id }
    }

    /// Creates a secret and says its id.
    pub(crate) async fn add(&self, name: &str, value: &str, scopes: &[&str]) -> String {
        let body = json!([{ "name": name, "value": value, "scopes": scopes }]);
        let answer = self.api.post(&self.path(""), &body).await;
        let answer = answer.unwrap().success().unwrap();
        answer.result()[0]["id"].as_str().unwrap().to_owned()
    }

    /// The secret as the API shows it.
    pub(crate) async fn secret(&self, id: &str) -> Value {
        let answer = self.api.get(&self.path(&format!("/{id}"))).await;
        answer.unwrap().success().unwrap().result().clone()
    }

    /// The names of all secrets, sorted.
    pub(crate) async fn names(&self) -> Vec<String> {
        let answer = self.api.get(&self.path("?per_page=100")).await;
        let answer = answer.unwrap().success().unwrap();
        let secrets = answer.result().as_array().unwrap().iter();
        let mut names: Vec<_> = secrets
            .map(|secret| secret["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }

    fn path(&self, rest: &str) -> String {
        format!("/secrets_store/stores/{}/secrets{rest}", self.id)
    }
}
