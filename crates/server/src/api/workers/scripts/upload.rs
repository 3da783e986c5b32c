//! `PUT …/scripts/{script_name}`: a new version that takes all traffic.

use axum::extract::{Path, State};
use coffer_engine::DeployWorkers;
use coffer_protocol::workers::Script;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::workers::fields::ScriptPath;
use crate::api::workers::upload::{Uploaded, parse};
use crate::app::App;

/// Uploads and deploys a script.
pub(super) async fn upload(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    query: Query,
    Uploaded { permit, form }: Uploaded<DeployWorkers>,
) -> ApiResult<Answer<Script>> {
    let name = path.new_name()?;
    let upload = parse(form, query.value("bindings_inherit") == Some("strict"))?;
    let published = app.engine.upload_script(&permit, name, upload).await?;
    Ok(Answer::ok(Script {
        startup_time_ms: published.version.startup_time_ms,
        deployment_id: Some(published.version.id.simple()),
        ..published.script
    }))
}
