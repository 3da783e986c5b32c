//! Sites as clients deploy them, and what an edge would serve.

use std::collections::BTreeMap;

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_protocol::feed::{ChangeSource, PagesProjectRecord, Record, VersionRecord};
use coffer_types::VersionId;
use serde_json::{Value, json};

use crate::api::workers::testing::{Multipart, metadata};
use crate::testing::{Actor, Answer, TestApp, result, text_at};

pub(super) const PROJECTS: &str = "/accounts/{account_id}/pages/projects";
pub(super) const SITE: &str = "/accounts/{account_id}/pages/projects/site";
pub(super) const DEPLOYMENTS: &str = "/accounts/{account_id}/pages/projects/site/deployments";

/// Wrangler's hash of a file.
pub(super) fn hash(path: &str, content: &str) -> String {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let hashed = format!("{}{extension}", STANDARD.encode(content));
    blake3::hash(hashed.as_bytes()).to_hex()[..32].to_owned()
}

/// The hashes of files by their paths, as JSON.
pub(super) fn manifest(files: &[(&str, &str)]) -> String {
    let entry = |(path, content): &(&str, &str)| ((*path).to_owned(), hash(path, content));
    json!(files.iter().map(entry).collect::<BTreeMap<_, _>>()).to_string()
}

/// The form of a deployment of these files.
pub(super) fn form(files: &[(&str, &str)]) -> Multipart {
    Multipart::default().field("manifest", &manifest(files))
}

/// A bundle of code that starts, with these bindings, as Wrangler makes it.
pub(super) fn bundle(bindings: &Value) -> String {
    let mut metadata = metadata(bindings);
    let fields = metadata.as_object_mut().unwrap();
    fields.remove("keep_bindings");
    fields.remove("compatibility_date");
    String::from_utf8(bundle_of(&metadata)).unwrap()
}

/// A bundle of such code with this metadata.
pub(super) fn bundle_of(metadata: &Value) -> Vec<u8> {
    inner(Multipart::script(metadata))
}

/// A form in a form: its parts end otherwise than those of the outer.
pub(super) fn inner(form: Multipart) -> Vec<u8> {
    let text = String::from_utf8(form.end()).unwrap();
    text.replace("--formdata-test", "--inner").into()
}

/// Adds a file of the form.
pub(super) fn file(form: Multipart, name: &str, content: &str) -> Multipart {
    let header = format!(
        "Content-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream"
    );
    form.part(&header, content.as_bytes())
}

/// The caller with the token of an upload.
pub(super) fn with_token(token: &str) -> Actor {
    Actor::with_headers(&[("authorization", &format!("Bearer {token}"))])
}

/// A file as it is sent.
pub(super) fn sent(path: &str, content: &str) -> Value {
    json!({
        "key": hash(path, content), "value": STANDARD.encode(content), "base64": true,
        "metadata": { "contentType": "text/html" },
    })
}

impl TestApp {
    /// An application with the project `site`.
    pub(super) async fn with_site() -> Self {
        let app = Self::new().await;
        app.project("site").await;
        app
    }

    /// Makes a project.
    pub(super) async fn project(&self, name: &str) {
        let body = json!({ "name": name, "production_branch": "main" });
        result(&self.request(Method::POST, PROJECTS, Some(body)).await);
    }

    /// The token to send files of a project.
    pub(super) async fn upload_token(&self, project: &str) -> String {
        let path = format!("{PROJECTS}/{project}/upload-token");
        text_at(
            result(&self.request(Method::GET, &path, None).await),
            "/jwt",
        )
    }

    /// Asks one of the operations on files.
    pub(super) async fn about_files(&self, token: &str, name: &str, body: Value) -> Answer {
        let path = format!("/pages/assets/{name}");
        self.request_as(&with_token(token), Method::POST, &path, Some(body))
            .await
    }

    /// Sends files.
    pub(super) async fn send_files(&self, files: &[(&str, &str)]) {
        let token = self.upload_token("site").await;
        let files: Vec<_> = files
            .iter()
            .map(|(path, content)| sent(path, content))
            .collect();
        result(&self.about_files(&token, "upload", json!(files)).await);
    }

    /// Makes a deployment of this form.
    pub(super) async fn deploy_form(&self, form: Multipart) -> Answer {
        self.multipart(Method::POST, DEPLOYMENTS, form).await
    }

    /// Makes a deployment of one file from a branch and gives it.
    pub(super) async fn deployed(&self, branch: &str) -> Value {
        let files = [("/index.html", "<h1>x</h1>")];
        self.send_files(&files).await;
        let answer = self.deploy_form(form(&files).field("branch", branch)).await;
        result(&answer).clone()
    }

    /// Makes a deployment of code from a branch and gives it.
    pub(super) async fn deployed_code(&self, branch: &str, bindings: &Value) -> Value {
        let form = file(
            form(&[]).field("branch", branch),
            "_worker.bundle",
            &bundle(bindings),
        );
        result(&self.deploy_form(form).await).clone()
    }

    /// The project as an edge knows it.
    pub(super) async fn told_project(&self, name: &str) -> Option<PagesProjectRecord> {
        let records = self.engine.snapshot().await.unwrap().records;
        records.into_iter().find_map(|record| match record {
            Record::PagesProject(project) if project.label == name => Some(project),
            _ => None,
        })
    }

    /// The deployment as an edge knows it.
    pub(super) async fn told(&self, deployment: &Value) -> Option<VersionRecord> {
        let id = id_of(deployment);
        let records = self.engine.snapshot().await.unwrap().records;
        records.into_iter().find_map(|record| match record {
            Record::Version(version) if version.version_id == id => Some((*version).clone()),
            _ => None,
        })
    }
}

/// A deployment's id.
pub(super) fn id_of(deployment: &Value) -> VersionId {
    text_at(deployment, "/id").parse().unwrap()
}
