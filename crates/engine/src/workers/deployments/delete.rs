//! Removing an earlier deployment from the history.

use std::sync::Arc;

use coffer_store::Written;
use coffer_store::rows::deployments;
use coffer_types::{DeploymentId, WorkerName};

use crate::authorize::{DeployWorkers, Permit};
use crate::engine::Engine;
use crate::error::{Conflict, Missing, Result};
use crate::workers::current::{existing, of};

impl Engine {
    /// Removes a deployment that divides no traffic any more. Its versions stay.
    ///
    /// # Errors
    /// [`Missing::Worker`], [`Missing::Deployment`]; [`Conflict::DeploymentActive`].
    pub async fn delete_deployment(
        &self,
        permit: &Permit<DeployWorkers>,
        name: WorkerName,
        id: DeploymentId,
    ) -> Result<()> {
        let _turn = self.turns.take(permit.account_id(), &name).await;
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit, name) = (engine.clone(), permit.clone(), name.clone());
            Box::pin(async move {
                let worker = existing(tx, permit.account_id(), &name).await?;
                let current = of(tx, worker).await?;
                let worker = &current.worker;
                let found = deployments::find(tx, worker.id, id).await?;
                let found = found.ok_or(Missing::Deployment)?;
                if current
                    .active
                    .as_ref()
                    .is_some_and(|active| active.id == id)
                {
                    return Err(Conflict::DeploymentActive.into());
                }
                deployments::delete(tx, id).await?;
                let event = engine.deployment_deleted(&permit, worker, &found);
                Ok(Written::new((), event))
            })
        })
        .await
    }
}
