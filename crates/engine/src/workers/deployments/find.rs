//! Finding one deployment.

use coffer_protocol::workers::Deployment;
use coffer_store::rows::deployments;
use coffer_types::{DeploymentId, WorkerName};

use crate::authorize::{Permit, ViewWorkers};
use crate::engine::Engine;
use crate::error::{Missing, Result};
use crate::workers::current::existing;
use crate::workers::view;

impl Engine {
    /// A deployment of a Worker.
    ///
    /// # Errors
    /// [`Missing::Worker`] or [`Missing::Deployment`].
    pub async fn deployment(
        &self,
        permit: &Permit<ViewWorkers>,
        name: &WorkerName,
        id: DeploymentId,
    ) -> Result<Deployment> {
        let mut reader = self.store.reader().await?;
        let worker = existing(&mut reader, permit.account_id(), name).await?;
        let found = deployments::find(&mut reader, worker.id, id).await?;
        Ok(view::deployment(&found.ok_or(Missing::Deployment)?))
    }
}
