//! `GET …/pages/projects/{project_name}/upload-token`.

use axum::extract::{Path, State};
use coffer_engine::DeployPages;
use serde::Serialize;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::pages::fields::ProjectPath;
use crate::api::permitted::Permitted;
use crate::app::App;

/// The token.
#[derive(Serialize)]
pub(super) struct UploadToken {
    jwt: String,
}

/// A token under which files for the project are sent.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<DeployPages>,
    Path(path): Path<ProjectPath>,
) -> ApiResult<Answer<UploadToken>> {
    let jwt = app
        .engine
        .pages_upload_token(&permit, &path.name()?)
        .await?;
    Ok(Answer::ok(UploadToken { jwt }))
}
