//! Removing a version that gets no traffic, with all that only it needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::versions::VersionRow;
use coffer_store::rows::{Slice, deployments, versions, worker_secrets, workers};
use coffer_store::{Tx, Written};
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{WorkerName, WorkerSecretId};
use serde_json::json;

use crate::authorize::{DeployWorkers, Permit};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Result};
use crate::workers::WhichVersion;
use crate::workers::current::{Current, existing, of};
use crate::workers::versions::worker_version::find;

impl Engine {
    /// Removes a version. Sealed values and contents that no other version has are gone for good, and so are earlier
    /// deployments of it, which could not be gone back to. Waits a moment for the edges to forget it.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`], [`crate::Missing::Version`]; [`Conflict::VersionDeployed`].
    pub async fn delete_worker_version(
        &self,
        permit: &Permit<DeployWorkers>,
        name: WorkerName,
        which: WhichVersion,
    ) -> Result<()> {
        let _turn = self.turns.take(permit.account_id(), &name).await;
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        let seq = self
            .mutate(&caller, move |tx| {
                let (engine, permit) = (engine.clone(), permit.clone());
                let (name, which) = (name.clone(), which.clone());
                Box::pin(async move { engine.remove_version(tx, &permit, &name, &which).await })
            })
            .await?;
        self.await_applied(seq).await;
        Ok(())
    }

    async fn remove_version(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<DeployWorkers>,
        name: &WorkerName,
        which: &WhichVersion,
    ) -> Result<Written<u64>> {
        let worker = existing(tx, permit.account_id(), name).await?;
        let before = of(tx, worker).await?;
        let gone = find(tx, before.worker.id, which).await?;
        if before.serves(gone.id) {
            return Err(Conflict::VersionDeployed.into());
        }
        let mut events = self
            .remove_deployments_of(tx, permit, &before, &gone)
            .await?;
        versions::delete(tx, gone.id).await?;
        let (held, _) = versions::list(tx, before.worker.id, Slice::ALL).await?;
        let freed = free_values(tx, &gone, &held).await?;
        self.free_contents(tx, permit.account_id(), std::iter::once(&gone.facts))
            .await?;
        let mut worker = before.worker.clone();
        worker.modified_at = self.clock.now();
        workers::update(tx, &worker).await?;
        let subject = ChangeSubject::Version(gone.id);
        let seq = changes::record(tx, permit.account_id(), subject).await?;
        // Without the newest version, its Worker has the secrets of the one before.
        let after = held.first().map_or(&[][..], |row| &row.facts.bindings);
        events.extend(self.secrets_changed(permit, &worker, before.bindings(), after));
        let details = json!({
            "number": gone.number,
            "etag": gone.facts.etag,
            "secret_values_removed": freed,
        });
        let subject = (ResourceKind::Version, gone.id.to_string());
        events.push(self.event_on(permit, &worker, Action::Delete, subject, details));
        Written::with_events(seq, events).ok_or_else(|| Error::Internal("no events".to_owned()))
    }

    /// Removes earlier deployments that sent traffic to the version.
    async fn remove_deployments_of(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<DeployWorkers>,
        current: &Current,
        version: &VersionRow,
    ) -> Result<Vec<NewEvent>> {
        let worker = &current.worker;
        let mut events = Vec::new();
        for deployment in deployments::list(tx, worker.id, Slice::ALL).await? {
            if deployment.split.contains(version.id) {
                deployments::delete(tx, deployment.id).await?;
                events.push(self.deployment_deleted(permit, worker, &deployment));
            }
        }
        Ok(events)
    }
}

/// Removes the sealed values that only this version had; how many.
pub(super) async fn free_values(
    tx: &mut Tx<'_>,
    gone: &VersionRow,
    held: &[VersionRow],
) -> Result<usize> {
    let kept: BTreeSet<WorkerSecretId> = held.iter().flat_map(values_of).collect();
    let freed: BTreeSet<WorkerSecretId> = values_of(gone).filter(|id| !kept.contains(id)).collect();
    for id in &freed {
        worker_secrets::delete(tx, *id).await?;
    }
    Ok(freed.len())
}

fn values_of(version: &VersionRow) -> impl Iterator<Item = WorkerSecretId> {
    let bindings = version.facts.bindings.iter();
    bindings.filter_map(|binding| binding.kind.worker_secret())
}
