//! Removing what a Worker's new versions and deployments have left behind.
//!
//! A Worker keeps its newest deployments, as many as are listed, with the versions that they name, and besides these
//! its newest versions, as many as can be deployed. What is beyond that goes with the write that adds to it, so that
//! neither the database nor what edges carry grows with every deploy.

use std::collections::HashSet;
use std::sync::Arc;

use coffer_store::Tx;
use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::workers::WorkerRow;
use coffer_store::rows::{Slice, deployments, versions};
use coffer_types::VersionId;
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::limits::{DEPLOYABLE_VERSIONS, LISTED_DEPLOYMENTS};
use serde_json::{Value, json};

use super::delete::free_values;
use crate::actor::Caller;
use crate::engine::Engine;
use crate::error::Result;
use crate::mutate::About;

/// Versions, and deployments, that one write removes at the most: more than it adds, so that a Worker that had too
/// many comes down.
const REMOVED_AT_ONCE: u32 = 16;

/// Removes what is too much, in the write of whoever added to it.
#[derive(Clone)]
pub(in crate::workers) struct Pruner {
    engine: Engine,
    caller: Arc<Caller>,
}

impl Pruner {
    /// For a write of this caller.
    pub(in crate::workers) fn new(engine: &Engine, caller: &Arc<Caller>) -> Self {
        Self {
            engine: engine.clone(),
            caller: Arc::clone(caller),
        }
    }

    /// Removes what the Worker has too much of, with an event for each.
    pub(in crate::workers) async fn prune(
        &self,
        tx: &mut Tx<'_>,
        worker: &WorkerRow,
    ) -> Result<Vec<NewEvent>> {
        let mut events = self.prune_deployments(tx, worker).await?;
        events.extend(self.prune_versions(tx, worker).await?);
        Ok(events)
    }

    async fn prune_deployments(
        &self,
        tx: &mut Tx<'_>,
        worker: &WorkerRow,
    ) -> Result<Vec<NewEvent>> {
        let beyond = Slice {
            limit: REMOVED_AT_ONCE,
            offset: u64::from(LISTED_DEPLOYMENTS),
        };
        let mut events = Vec::new();
        for gone in deployments::list(tx, worker.id, beyond).await? {
            deployments::delete(tx, gone.id).await?;
            let subject = (ResourceKind::Deployment, gone.id.to_string());
            events.push(self.event(worker, subject, json!({ "versions": gone.split })));
        }
        Ok(events)
    }

    async fn prune_versions(&self, tx: &mut Tx<'_>, worker: &WorkerRow) -> Result<Vec<NewEvent>> {
        let beyond = versions::beyond(tx, worker.id, DEPLOYABLE_VERSIONS).await?;
        if beyond.is_empty() {
            return Ok(Vec::new());
        }
        let named = named_by_deployments(tx, worker).await?;
        let unneeded = beyond.into_iter().filter(|id| !named.contains(id));
        let mut removed = Vec::new();
        for id in unneeded.take(REMOVED_AT_ONCE as usize) {
            removed.extend(versions::find(tx, worker.id, id).await?);
            versions::delete(tx, id).await?;
            changes::record(tx, worker.account_id, ChangeSubject::Version(id)).await?;
        }
        let (held, _) = versions::list(tx, worker.id, Slice::ALL).await?;
        let mut events = Vec::new();
        for gone in removed {
            let freed = free_values(tx, &gone, &held).await?;
            self.engine
                .free_contents(tx, worker.account_id, std::iter::once(&gone.facts))
                .await?;
            let details = json!({
                "number": gone.number,
                "etag": gone.facts.etag,
                "secret_values_removed": freed,
            });
            let subject = (ResourceKind::Version, gone.id.to_string());
            events.push(self.event(worker, subject, details));
        }
        Ok(events)
    }

    fn event(
        &self,
        worker: &WorkerRow,
        (resource_kind, resource_id): (ResourceKind, String),
        mut details: Value,
    ) -> NewEvent {
        details["worker_id"] = json!(worker.id);
        details["worker_name"] = json!(worker.name);
        details["reason"] = json!("the Worker has enough newer ones");
        let about = About {
            action: Action::Delete,
            resource_kind,
            resource_id,
            details,
        };
        self.engine.event(&self.caller, worker.account_id, about)
    }
}

/// The versions that the Worker's deployments name. Those too many are gone by then.
async fn named_by_deployments(tx: &mut Tx<'_>, worker: &WorkerRow) -> Result<HashSet<VersionId>> {
    let kept = deployments::list(tx, worker.id, Slice::ALL).await?;
    let shares = kept.iter().flat_map(|deployment| deployment.split.shares());
    Ok(shares.map(|share| share.version_id).collect())
}
