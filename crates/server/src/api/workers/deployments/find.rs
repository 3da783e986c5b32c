//! `GET …/deployments/{deployment_id}`.

use axum::extract::{Path, State};
use coffer_engine::{Error, Missing, ViewWorkers};
use coffer_protocol::workers::Deployment;
use coffer_types::{DeploymentId, WorkerName};
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

impl DeploymentPath {
    /// The Worker's name.
    pub(super) fn name(&self) -> Result<WorkerName, Error> {
        self.script_name.parse().map_err(|_| Missing::Worker.into())
    }

    /// The deployment's id; no deployment has one that does not parse.
    pub(super) fn id(&self) -> Option<DeploymentId> {
        self.deployment_id.parse().ok()
    }
}

/// One deployment.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<DeploymentPath>,
) -> ApiResult<Answer<Deployment>> {
    let name = path.name()?;
    // The Worker is looked for first.
    let Some(id) = path.id() else {
        app.engine.worker(&permit, &name).await?;
        return Err(Error::from(Missing::Deployment).into());
    };
    Ok(Answer::ok(app.engine.deployment(&permit, &name, id).await?))
}
