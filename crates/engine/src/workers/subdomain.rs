//! Whether a Worker and its versions answer at their host names.

use std::sync::Arc;

use coffer_protocol::workers::SubdomainState;
use coffer_store::Written;
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::workers;
use coffer_types::WorkerName;
use coffer_types::audit::Action;
use serde_json::json;

use super::current::existing;
use super::view;
use crate::authorize::{DeployWorkers, Permit};
use crate::engine::Engine;
use crate::error::Result;

/// What to switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubdomainChange {
    /// Whether the Worker answers at its own host name.
    pub enabled: bool,
    /// Whether its versions answer at preview host names; as `enabled` if it is not told.
    pub previews_enabled: Option<bool>,
}

impl Engine {
    /// Switches a Worker's host names on or off. Waits a moment for the edges to do so.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`].
    pub async fn switch_subdomain(
        &self,
        permit: &Permit<DeployWorkers>,
        name: WorkerName,
        change: SubdomainChange,
    ) -> Result<SubdomainState> {
        let _turn = self.turns.take(permit.account_id(), &name).await;
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        let (state, seq) = self
            .mutate(&caller, move |tx| {
                let (engine, permit, name) = (engine.clone(), permit.clone(), name.clone());
                Box::pin(async move {
                    let mut worker = existing(tx, permit.account_id(), &name).await?;
                    let before = view::subdomain(&worker);
                    worker.subdomain_enabled = change.enabled;
                    worker.previews_enabled = change.previews_enabled.unwrap_or(change.enabled);
                    worker.modified_at = engine.clock.now();
                    workers::update(tx, &worker).await?;
                    let subject = ChangeSubject::Worker(worker.id);
                    let seq = changes::record(tx, permit.account_id(), subject).await?;
                    let after = view::subdomain(&worker);
                    let details = json!({ "before": before, "after": after });
                    let event = engine.worker_event(&permit, &worker, Action::Update, details);
                    Ok(Written::new((after, seq), event))
                })
            })
            .await?;
        self.await_applied(seq).await;
        Ok(state)
    }
}
