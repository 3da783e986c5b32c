//! `DELETE …/pages/projects/{project_name}`.

use axum::extract::{Path, State};
use coffer_engine::DeployPages;

use crate::api::answer::Answer;
use crate::api::body::Change;
use crate::api::error::ApiResult;
use crate::api::pages::fields::ProjectPath;
use crate::app::App;

/// Removes a project with its secrets.
pub(super) async fn delete(
    State(app): State<App>,
    Path(path): Path<ProjectPath>,
    Change { permit, body: () }: Change<DeployPages, ()>,
) -> ApiResult<Answer<()>> {
    app.engine
        .delete_pages_project(&permit, &path.name()?)
        .await?;
    Ok(Answer::null())
}
