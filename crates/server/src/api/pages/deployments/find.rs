//! `GET …/pages/projects/{project_name}/deployments/{deployment_id}`.

use axum::extract::{Path, State};
use coffer_engine::ViewPages;
use coffer_protocol::pages::Deployment;

use super::{DeploymentPath, completed, id_of};
use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::app::App;

/// One deployment.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewPages>,
    Path(path): Path<DeploymentPath>,
) -> ApiResult<Answer<Deployment>> {
    let (name, id) = path.parse()?;
    let id = id_of(id, app.engine.known_pages_project(&permit, &name)).await?;
    let deployment = app.engine.pages_deployment(&permit, &name, id).await?;
    Ok(Answer::ok(completed(&app, deployment)))
}
