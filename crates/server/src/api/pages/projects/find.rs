//! `GET …/pages/projects/{project_name}`.

use axum::extract::{Path, State};
use coffer_engine::ViewPages;
use coffer_protocol::pages::Project;

use super::completed;
use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::pages::fields::ProjectPath;
use crate::api::permitted::Permitted;
use crate::app::App;

/// One project.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewPages>,
    Path(path): Path<ProjectPath>,
) -> ApiResult<Answer<Project>> {
    let project = app.engine.pages_project(&permit, &path.name()?).await?;
    Ok(Answer::ok(completed(&app, project)))
}
