//! A deployment of a Pages project on its way: its files, and the form that is sent.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::assets::AssetFiles;
use crate::api::{Answer, Api, ApiError, Body, Credentials, Form, Part};
use crate::bundle::{BundleError, Bundled, Recipe, bundle_functions, bundle_worker_js};
use crate::failure::Failure;
use crate::output::Bar;
use crate::random;

/// The most bytes of files in one request, before they are base64, unless one alone has more.
const BYTES_AT_ONCE: usize = 30 << 20;
/// The most files in one request.
const FILES_AT_ONCE: usize = 2_000;

/// The code of a deployment, and the paths that it is asked for.
pub(crate) struct Code {
    /// What it is made of.
    pub(crate) bundled: Bundled,
    /// `_routes.json`, if there is one.
    pub(crate) routes: Option<String>,
}

/// What is told of the code that is deployed.
#[derive(Debug, Default)]
pub(crate) struct Commit {
    /// The branch.
    pub(crate) branch: String,
    /// The commit.
    pub(crate) hash: String,
    /// What it says.
    pub(crate) message: String,
    /// Whether files differ from it.
    pub(crate) is_dirty: bool,
}

#[derive(Deserialize)]
struct UploadToken {
    jwt: String,
}

/// Builds `_worker.js` of a directory, or else the functions of another; `None` if there is neither.
///
/// # Errors
/// With esbuild's own words where the code is wrong.
pub(crate) async fn build(
    directory: &Path,
    functions: &Path,
    recipe: &Recipe,
) -> Result<Option<Code>, BundleError> {
    let given = std::fs::read_to_string(directory.join("_routes.json")).ok();
    let worker = directory.join("_worker.js");
    if worker.exists() {
        let bundled = bundle_worker_js(&worker, recipe).await?;
        let routes = given;
        return Ok(Some(Code { bundled, routes }));
    }
    if !functions.is_dir() {
        return Ok(None);
    }
    let made = bundle_functions(functions, recipe).await?;
    Ok(made.map(|made| Code {
        bundled: made.bundled,
        routes: Some(given.unwrap_or(made.routes)),
    }))
}

/// Sends files of a project, whose path is given, that the server has not got, or all of them; and says how many those
/// were.
///
/// # Errors
/// What the server refuses, told by `refused`, and files that changed meanwhile.
pub(crate) async fn send_files(
    api: &Api,
    project_path: &str,
    files: &AssetFiles,
    all: bool,
    refused: impl Fn(ApiError) -> Failure,
) -> Result<usize, Failure> {
    let token: Answer<UploadToken> = api
        .read(&format!("{project_path}/upload-token"), &[])
        .await
        .map_err(&refused)?;
    let token = Credentials::Token(Zeroizing::new(token.result.jwt));
    let write = async |path: &str, body: Body| {
        api.write_as::<Value>(&token, Method::POST, path, &[], body)
            .await
            .map_err(&refused)
    };
    let mut hashes: Vec<_> = files.manifest().into_values().map(str::to_owned).collect();
    hashes.sort_unstable();
    hashes.dedup();
    if hashes.is_empty() {
        return Ok(0);
    }
    let told = || Body::json(&json!({ "hashes": hashes }));
    let asked = if all {
        hashes.clone()
    } else {
        let answer = write("/pages/assets/check-missing", told()).await?;
        serde_json::from_value(answer.result).unwrap_or_default()
    };
    let bar = Bar::start("Uploading files", asked.len() as u64);
    let mut sent = 0;
    while sent < asked.len() {
        let (body, count) = batch(files, &asked[sent..])?;
        write("/pages/assets/upload", body).await?;
        sent += count;
        bar.reach(sent as u64);
    }
    drop(bar);
    write("/pages/assets/upsert-hashes", told()).await?;
    Ok(asked.len())
}

/// As many files as one request may have, and how many they are.
fn batch(files: &AssetFiles, hashes: &[String]) -> Result<(Body, usize), Failure> {
    let mut parts = Vec::new();
    let mut bytes = 0;
    for hash in hashes.iter().take(FILES_AT_ONCE) {
        let (content_type, content) = files.with_hash(hash)?;
        bytes += content.len();
        if bytes > BYTES_AT_ONCE && !parts.is_empty() {
            break;
        }
        parts.push(json!({
            "key": hash,
            "value": STANDARD.encode(content),
            "metadata": { "contentType": content_type },
            "base64": true,
        }));
    }
    Ok((Body::json(&parts), parts.len()))
}

/// The form of a deployment. `bundle` is the upload of its code, with `_routes.json`.
pub(crate) fn form(
    directory: &Path,
    files: &AssetFiles,
    commit: &Commit,
    bundle: Option<(Body, Option<String>)>,
) -> Body {
    let mut form = Form::default();
    let mut add = |name: &str, content: Vec<u8>| {
        // The parts that are files have names with `_` before them.
        let is_file = name.starts_with('_');
        form.add(Part {
            name: name.to_owned(),
            file_name: is_file.then(|| name.to_owned()),
            content_type: is_file.then(|| "application/octet-stream".to_owned()),
            content: Zeroizing::new(content),
        });
    };
    add("manifest", json!(files.manifest()).to_string().into_bytes());
    add("branch", commit.branch.clone().into_bytes());
    add("commit_hash", commit.hash.clone().into_bytes());
    add("commit_message", commit.message.clone().into_bytes());
    add("commit_dirty", commit.is_dirty.to_string().into_bytes());
    for name in ["_headers", "_redirects"] {
        if let Ok(content) = std::fs::read(directory.join(name)) {
            add(name, content);
        }
    }
    if let Some((bundle, routes)) = bundle {
        add("_worker.bundle", bundle.bytes().to_vec());
        if let Some(routes) = routes {
            add("_routes.json", routes.into_bytes());
        }
    }
    form.body(&random::boundary())
}
