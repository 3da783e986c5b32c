//! `DELETE …/pages/projects/{project_name}/deployments/{deployment_id}`.

use axum::extract::{Path, State};
use coffer_engine::DeployPages;

use super::{DeploymentPath, id_of};
use crate::api::answer::Answer;
use crate::api::body::Change;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::app::App;

/// Removes a deployment.
pub(super) async fn delete(
    State(app): State<App>,
    Path(path): Path<DeploymentPath>,
    query: Query,
    Change { permit, body: () }: Change<DeployPages, ()>,
) -> ApiResult<Answer<()>> {
    let force = query.flag("force")?;
    let (name, id) = path.parse()?;
    let id = id_of(id, app.engine.known_pages_project(&permit, &name)).await?;
    app.engine
        .delete_pages_deployment(&permit, &name, id, force)
        .await?;
    Ok(Answer::null())
}
