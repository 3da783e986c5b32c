//! Uploads as clients send them, and what an edge would run.

use std::collections::BTreeMap;

use axum::http::Method;
use coffer_protocol::feed::{ChangeSource, Record, VersionRecord, WorkerRecord};
use coffer_types::{Owner, Place, ValueVersion};
use serde_json::{Value, json};

use crate::testing::{Actor, Answer, TestApp, result};

/// Where the Workers of the first account are.
pub(in crate::api) const SCRIPTS: &str = "/accounts/{account_id}/workers/scripts";
/// The media type of the module that handles requests.
pub(in crate::api) const ES_MODULE: &str = "application/javascript+module";
/// Code that starts.
pub(in crate::api) const CODE: &str = "export default { fetch() { return new Response('ok') } }";

const BOUNDARY: &str = "----formdata-test";

/// A multipart body in the making.
#[derive(Clone, Debug, Default)]
pub(in crate::api) struct Multipart(Vec<u8>);

impl Multipart {
    /// Of metadata and one module named as the metadata names it.
    pub(in crate::api) fn script(metadata: &Value) -> Self {
        let main = metadata["main_module"].as_str().unwrap_or("index.js");
        Self::of(metadata).module(main, ES_MODULE, CODE)
    }

    /// Of metadata alone.
    pub(in crate::api) fn of(metadata: &Value) -> Self {
        Self::default().field("metadata", &metadata.to_string())
    }

    pub(in crate::api) fn field(self, name: &str, content: &str) -> Self {
        let header = format!("Content-Disposition: form-data; name=\"{name}\"");
        self.part(&header, content.as_bytes())
    }

    pub(in crate::api) fn module(self, name: &str, media_type: &str, content: &str) -> Self {
        let header = format!(
            "Content-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\
             Content-Type: {media_type}"
        );
        self.part(&header, content.as_bytes())
    }

    pub(in crate::api) fn part(mut self, headers: &str, content: &[u8]) -> Self {
        self.0
            .extend_from_slice(format!("--{BOUNDARY}\r\n{headers}\r\n\r\n").as_bytes());
        self.0.extend_from_slice(content);
        self.0.extend_from_slice(b"\r\n");
        self
    }

    /// The whole body.
    pub(in crate::api) fn end(mut self) -> Vec<u8> {
        self.0
            .extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.0
    }

    /// The body's Content-Type.
    pub(in crate::api) fn content_type() -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }
}

/// Metadata with these bindings.
pub(in crate::api) fn metadata(bindings: &Value) -> Value {
    json!({
        "main_module": "index.js",
        "bindings": bindings,
        "compatibility_date": "2026-01-01",
        "keep_bindings": ["secret_text", "secret_key"],
    })
}

/// A binding to a per-Worker secret.
pub(in crate::api) fn secret(name: &str, text: &str) -> Value {
    json!({ "name": name, "type": "secret_text", "text": text })
}

impl TestApp {
    /// Sends a multipart body as the Super Administrator.
    pub(in crate::api) async fn multipart(
        &self,
        method: Method,
        path: &str,
        body: Multipart,
    ) -> Answer {
        self.send_bytes(method, path, &Multipart::content_type(), body.end())
            .await
    }

    /// Sends a multipart body as anyone.
    pub(in crate::api) async fn multipart_as(
        &self,
        actor: &Actor,
        method: Method,
        path: &str,
        body: Multipart,
    ) -> Answer {
        let mut request = self.build(actor, method, path, body.end().into());
        let content_type = Multipart::content_type().parse().unwrap();
        request.headers_mut().insert("content-type", content_type);
        self.send(request).await
    }

    /// Uploads a script with these bindings and gives the new version's id.
    pub(crate) async fn upload(&self, name: &str, bindings: Value) -> String {
        let body = Multipart::script(&metadata(&bindings));
        let path = format!("{SCRIPTS}/{name}");
        result(&self.multipart(Method::PUT, &path, body).await);
        self.latest(name).await["id"].as_str().unwrap().to_owned()
    }

    /// Uploads a version without deploying it.
    pub(crate) async fn upload_version(&self, name: &str, bindings: Value) -> String {
        let body = Multipart::script(&metadata(&bindings));
        let path = format!("{SCRIPTS}/{name}/versions");
        let answer = self.multipart(Method::POST, &path, body).await;
        result(&answer)["id"].as_str().unwrap().to_owned()
    }

    /// Sets a per-Worker secret.
    pub(crate) async fn put_secret(&self, worker: &str, name: &str, text: &str) -> Answer {
        let path = format!("{SCRIPTS}/{worker}/secrets");
        self.request(Method::PUT, &path, Some(secret(name, text)))
            .await
    }

    /// Sends all traffic to a version.
    pub(crate) async fn deploy(&self, worker: &str, version: &str, query: &str) -> Answer {
        let path = format!("{SCRIPTS}/{worker}/deployments{query}");
        let body = json!({
            "strategy": "percentage",
            "versions": [{ "version_id": version, "percentage": 100 }],
        });
        self.request(Method::POST, &path, Some(body)).await
    }

    /// The newest version, as the list of versions tells of it.
    pub(crate) async fn latest(&self, worker: &str) -> Value {
        let path = format!("{SCRIPTS}/{worker}/versions");
        let answer = self.request(Method::GET, &path, None).await;
        result(&answer)["items"][0].clone()
    }

    /// The Worker as an edge knows it.
    pub(in crate::api) async fn record_of(&self, worker: &str) -> Option<WorkerRecord> {
        let snapshot = self.engine.snapshot().await.unwrap();
        snapshot
            .records
            .into_iter()
            .find_map(|record| match record {
                Record::Worker(found) if found.name.as_str() == worker => Some(found),
                _ => None,
            })
    }

    /// The version that gets the first share of the traffic, as an edge knows it.
    pub(in crate::api) async fn serving(&self, worker: &str) -> VersionRecord {
        let split = self.record_of(worker).await.unwrap().deployment.unwrap();
        let serving = split.shares()[0].version_id;
        let snapshot = self.engine.snapshot().await.unwrap();
        let found = snapshot
            .records
            .into_iter()
            .find_map(|record| match record {
                Record::Version(found) if found.version_id == serving => Some(found),
                _ => None,
            });
        (*found.unwrap()).clone()
    }

    /// The per-Worker secrets that an edge would give to the serving version.
    pub(crate) async fn env(&self, worker: &str) -> BTreeMap<String, String> {
        self.opened(&self.serving(worker).await).await
    }

    /// The per-Worker secrets of a version, opened.
    pub(in crate::api) async fn opened(&self, version: &VersionRecord) -> BTreeMap<String, String> {
        let account = self.store.account(version.account_id).await.unwrap();
        let keys = account.unwrap().keys.clone();
        let leases = self.keyring.leases();
        let open = |secret: &coffer_protocol::feed::SealedWorkerSecret| {
            let place = Place {
                account_id: version.account_id,
                owner: Owner::Worker(version.worker_id, secret.secret_id),
                value_version: ValueVersion::FIRST,
            };
            let under = coffer_envelope::key_version(&secret.sealed).unwrap();
            let key = keys.iter().find(|key| key.version == under).unwrap();
            let key = leases.lease(version.account_id, key).unwrap();
            let context = coffer_crypto::context(&place);
            let opened = coffer_envelope::open(&key, &context, &secret.sealed).unwrap();
            let text = String::from_utf8(opened.expose_secret().to_vec()).unwrap();
            (secret.name.to_string(), text)
        };
        version.secrets.iter().map(open).collect()
    }

    /// How many Workers there are and how many things were done: what a refusal must not change.
    pub(in crate::api) async fn written(&self) -> (usize, usize) {
        let scripts = self.request(Method::GET, SCRIPTS, None).await;
        let scripts = result(&scripts).as_array().unwrap().len();
        let events = self.audit_events().await;
        let done = events.iter().filter(|event| event.outcome == "success");
        (scripts, done.count())
    }
}

/// The names of the secrets that an answer's bindings tell of.
pub(in crate::api) fn names(bindings: &Value) -> Vec<(String, String)> {
    let bindings = bindings.as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    bindings
        .iter()
        .map(|one| (text(&one["name"]), text(&one["type"])))
        .collect()
}
