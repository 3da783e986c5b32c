//! `GET …/deployments/{deployment_id}`.

use axum::extract::{Path, State};
use coffer_engine::{Error, Missing, ViewWorkers};
use coffer_protocol::workers::Deployment;
use coffer_types::WorkerName;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::app::App;

/// The deployment of a path.
#[derive(Debug, Deserialize)]
pub(super) struct DeploymentPath {
    script_name: String,
    deployment_id: String,
}

/// One deployment.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<DeploymentPath>,
) -> ApiResult<Answer<Deployment>> {
    let name: WorkerName = path
        .script_name
        .parse()
        .map_err(|_| Error::from(Missing::Worker))?;
    // The Worker is looked for first: no deployment has an id that does not parse.
    let Ok(id) = path.deployment_id.parse() else {
        app.engine.worker(&permit, &name).await?;
        return Err(Error::from(Missing::Deployment).into());
    };
    Ok(Answer::ok(app.engine.deployment(&permit, &name, id).await?))
}
