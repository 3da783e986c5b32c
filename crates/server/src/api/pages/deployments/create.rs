//! `POST …/pages/projects/{project_name}/deployments`: a form of the files' hashes by their paths, of settings, and of
//! the code, which is a form of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use coffer_engine::{
    Annotations, Code, Compatibility, DeployPages, Error, NewModule, NewPagesDeployment,
    NewVersion, Problem,
};
use coffer_protocol::pages::Deployment;
use coffer_types::limits::{MAX_ASSET_MANIFEST_BYTES, MAX_PAGES_BUNDLE_BYTES};
use coffer_types::{ModuleKind, PagesBranch};

use super::completed;
use crate::api::answer::Answer;
use crate::api::error::{ApiError, ApiResult};
use crate::api::pages::fields::ProjectPath;
use crate::api::workers::{Form, Part, Uploaded, parse_upload};
use crate::app::App;

const BUNDLE: &str = "_worker.bundle";
const SCRIPT: &str = "_worker.js";
/// The parts that make a deployment. What clients send besides is told to nobody.
const PARTS: [&str; 10] = [
    "manifest",
    "branch",
    "commit_hash",
    "commit_message",
    "commit_dirty",
    "_headers",
    "_redirects",
    "_routes.json",
    BUNDLE,
    SCRIPT,
];

/// Makes a deployment.
pub(super) async fn create(
    State(app): State<App>,
    Path(path): Path<ProjectPath>,
    uploaded: Uploaded<DeployPages>,
) -> ApiResult<Answer<Deployment>> {
    let name = path.name()?;
    let new = parse(&app, uploaded.form).await?;
    let deployment = app
        .engine
        .create_pages_deployment(&uploaded.permit, &name, new)
        .await?;
    // Until here the upload takes room.
    drop(uploaded.room);
    Ok(Answer::ok(completed(&app, deployment)))
}

async fn parse(app: &App, mut form: Form) -> ApiResult<NewPagesDeployment> {
    let once = |name: &&&str| form.parts.iter().filter(|part| part.name == **name).count() > 1;
    if let Some(twice) = PARTS.iter().find(once) {
        return Err(refused(twice, "comes more than once").into());
    }
    let manifest = manifest(form.take("manifest"))?;
    let address = app.clone();
    let bundle = match (form.take(BUNDLE), form.take(SCRIPT)) {
        (None, None) => None,
        (Some(bundle), None) => Some(version(app, bundle).await?),
        (None, Some(script)) => Some(single(script)?),
        (Some(_), Some(_)) => {
            return Err(refused(SCRIPT, "and _worker.bundle exclude each other: send one").into());
        }
    };
    Ok(NewPagesDeployment {
        branch: branch(text(&mut form, "branch")?)?,
        commit_hash: text(&mut form, "commit_hash")?.unwrap_or_default(),
        commit_message: text(&mut form, "commit_message")?.unwrap_or_default(),
        commit_dirty: dirty(text(&mut form, "commit_dirty")?.as_deref())?,
        manifest,
        headers: text(&mut form, "_headers")?,
        redirects: text(&mut form, "_redirects")?,
        routes: form.take("_routes.json").map(|part| part.content),
        bundle,
        address: Arc::new(move |labels| address.workers_url.with_label(labels)),
    })
}

fn manifest(part: Option<Part>) -> ApiResult<BTreeMap<String, String>> {
    let Some(part) = part else {
        let rule = "is missing: send the files' hashes by their paths as JSON, {} for none";
        return Err(refused("manifest", rule).into());
    };
    if part.content.len() > MAX_ASSET_MANIFEST_BYTES {
        return Err(ApiError::BodyTooLarge(MAX_ASSET_MANIFEST_BYTES));
    }
    let parsed = serde_json::from_slice(&part.content);
    let rule = "is not JSON of the form {\"/index.html\":\"<hash>\"}";
    parsed.map_err(|_| refused("manifest", rule).into())
}

/// The branch; a text without any names none.
fn branch(text: Option<String>) -> Result<Option<PagesBranch>, Error> {
    let text = text.filter(|text| !text.is_empty());
    let parsed = text.map(|text| text.parse()).transpose();
    parsed.map_err(|error| Error::invalid("/branch", Problem::PagesBranch(error)))
}

fn dirty(text: Option<&str>) -> Result<bool, Error> {
    match text {
        None | Some("" | "false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(refused("commit_dirty", "must be true or false")),
    }
}

/// The code of a bundle, which is a form like that of a Worker's upload.
async fn version(app: &App, part: Part) -> ApiResult<NewVersion> {
    check_size(&part)?;
    let read = Form::read(
        "multipart/form-data",
        Body::from(part.content),
        app.body_idle,
    )
    .await;
    let form = read.map_err(|error| match error {
        ApiError::TooManyParts(_) => error,
        _ => refused(BUNDLE, "is no multipart body, or ends too early").into(),
    })?;
    match parse_upload(form, true) {
        Ok(upload) => Ok(upload.version),
        Err(ApiError::Engine(Error::Invalid(mut problems))) => {
            for problem in &mut problems {
                problem.pointer = format!("/{BUNDLE}{}", problem.pointer);
            }
            Err(Error::Invalid(problems).into())
        }
        Err(error) => Err(error),
    }
}

/// The code of a single module, as older clients send it.
fn single(part: Part) -> ApiResult<NewVersion> {
    check_size(&part)?;
    let name = || {
        let parsed = SCRIPT.parse();
        parsed.map_err(|error: coffer_types::name::InvalidName| Error::Internal(error.to_string()))
    };
    let module = NewModule {
        name: name()?,
        kind: ModuleKind::EsModule,
        content: part.content,
    };
    Ok(NewVersion {
        code: Some(Code::new(name()?, vec![module])?),
        assets: None,
        bindings: Vec::new(),
        keep_bindings: Vec::new(),
        strict_inheritance: true,
        compatibility: Compatibility::default(),
        annotations: Annotations::default(),
        limits: None,
        placement: None,
    })
}

fn check_size(part: &Part) -> Result<(), Error> {
    let bytes = part.content.len();
    if bytes <= MAX_PAGES_BUNDLE_BYTES {
        return Ok(());
    }
    let rule = format!(
        "{} is {bytes} bytes, the limit is {MAX_PAGES_BUNDLE_BYTES}",
        part.name
    );
    let pointer = format!("/{}", part.name);
    Err(Error::invalid(pointer, Problem::ScriptTooLarge(rule)))
}

fn text(form: &mut Form, name: &str) -> Result<Option<String>, Error> {
    let part = form.take(name);
    let text = part.map(|part| String::from_utf8(part.content.into()));
    text.transpose().map_err(|_| refused(name, "is not UTF-8"))
}

fn refused(part: &str, rule: &str) -> Error {
    let problem = Problem::Pages(format!("the part {part} {rule}"));
    Error::invalid(format!("/{part}"), problem)
}
