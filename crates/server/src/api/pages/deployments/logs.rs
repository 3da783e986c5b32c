//! `GET …/pages/projects/{project_name}/deployments/{deployment_id}/history/logs`.

use axum::extract::{Path, State};
use coffer_engine::ViewPages;
use serde::Serialize;

use super::{DeploymentPath, id_of};
use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::app::App;

/// The log of a build.
#[derive(Debug, Serialize)]
pub(super) struct Log {
    total: usize,
    includes_container_logs: bool,
    data: [(); 0],
}

/// The log of a deployment's build: nothing is built here, so it is empty.
pub(super) async fn logs(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewPages>,
    Path(path): Path<DeploymentPath>,
) -> ApiResult<Answer<Log>> {
    let (name, id) = path.parse()?;
    let id = id_of(id, app.engine.known_pages_project(&permit, &name)).await?;
    app.engine.pages_deployment(&permit, &name, id).await?;
    Ok(Answer::ok(Log {
        total: 0,
        includes_container_logs: false,
        data: [],
    }))
}
