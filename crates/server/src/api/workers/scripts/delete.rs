//! `DELETE …/scripts/{script_name}` and `DELETE …/services/{script_name}`.

use axum::extract::{Path, State};
use coffer_engine::DeployWorkers;

use crate::api::answer::Answer;
use crate::api::body::Change;
use crate::api::error::ApiResult;
use crate::api::workers::fields::ScriptPath;
use crate::api::workers::scripts::service::as_service;
use crate::app::App;

/// Removes a Worker. Nothing can be bound to one, so there is nothing to force.
pub(super) async fn delete(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change { permit, body: () }: Change<DeployWorkers, ()>,
) -> ApiResult<Answer<()>> {
    app.engine.delete_worker(&permit, path.name()?).await?;
    Ok(Answer::null())
}

/// The same, by the older path.
pub(super) async fn delete_service(
    app: State<App>,
    path: Path<ScriptPath>,
    change: Change<DeployWorkers, ()>,
) -> ApiResult<Answer<()>> {
    delete(app, path, change).await.map_err(as_service)
}
