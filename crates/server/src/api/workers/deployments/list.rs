//! `GET …/deployments`.

use axum::extract::{Path, State};
use coffer_engine::ViewWorkers;
use coffer_protocol::workers::Deployments;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::api::workers::fields::ScriptPath;
use crate::app::App;

/// The newest deployments, the active one first.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<ScriptPath>,
) -> ApiResult<Answer<Deployments>> {
    let deployments = app.engine.list_deployments(&permit, &path.name()?).await?;
    Ok(Answer::ok(Deployments { deployments }))
}
