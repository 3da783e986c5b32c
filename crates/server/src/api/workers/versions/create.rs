//! `POST …/versions`: a version that gets no traffic before it is deployed.

use axum::extract::{Path, State};
use coffer_engine::DeployWorkers;
use coffer_protocol::workers::Version;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::workers::fields::ScriptPath;
use crate::api::workers::upload::{Uploaded, parse};
use crate::app::App;

/// Uploads a version.
pub(super) async fn create(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    query: Query,
    Uploaded { permit, form }: Uploaded<DeployWorkers>,
) -> ApiResult<Answer<Version>> {
    let name = path.name()?;
    // Settings that are not part of a version are set apart from it.
    let upload = parse(form, query.value("bindings_inherit") == Some("strict"))?;
    let version = app
        .engine
        .create_version(&permit, &name, upload.version)
        .await?;
    Ok(Answer::ok(version))
}
