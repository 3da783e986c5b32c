//! `POST …/pages/projects/{project_name}/deployments/{deployment_id}/rollback`.

use axum::extract::{Path, State};
use coffer_engine::DeployPages;
use coffer_protocol::pages::Deployment;

use super::{DeploymentPath, completed, id_of};
use crate::api::answer::Answer;
use crate::api::body::Change;
use crate::api::error::ApiResult;
use crate::app::App;

/// Makes an earlier deployment production again.
pub(super) async fn roll_back(
    State(app): State<App>,
    Path(path): Path<DeploymentPath>,
    Change { permit, body: () }: Change<DeployPages, ()>,
) -> ApiResult<Answer<Deployment>> {
    let (name, id) = path.parse()?;
    let id = id_of(id, app.engine.known_pages_project(&permit, &name)).await?;
    let deployment = app.engine.roll_back_pages(&permit, &name, id).await?;
    Ok(Answer::ok(completed(&app, deployment)))
}
