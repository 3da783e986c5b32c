//! Making a Worker that has no version yet, and editing what is not part of a version.

use std::sync::Arc;

use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::workers::{self, WorkerRow};
use coffer_store::{StoreError, Written};
use coffer_types::WorkerName;
use coffer_types::audit::Action;
use serde_json::{Value, json};

use crate::authorize::{DeployWorkers, Permit};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Limit, Result};
use crate::workers::current::existing;
use crate::workers::{ScriptSettingsChanges, SubdomainChange, view};

/// What to change of a Worker; `None` leaves a part as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkerChanges {
    /// What is not part of a version.
    pub settings: ScriptSettingsChanges,
    /// At which host names it answers.
    pub subdomain: Option<SubdomainChange>,
}

impl WorkerChanges {
    fn apply(&self, worker: &mut WorkerRow) {
        self.settings.apply(worker);
        if let Some(change) = self.subdomain {
            worker.subdomain_enabled = change.enabled;
            worker.previews_enabled = change.previews_enabled.unwrap_or(change.enabled);
        }
    }
}

impl Engine {
    /// Makes a Worker without a version.
    ///
    /// # Errors
    /// [`Conflict::WorkerName`]; [`Limit::Workers`].
    pub async fn create_worker(
        &self,
        permit: &Permit<DeployWorkers>,
        name: WorkerName,
        changes: &WorkerChanges,
    ) -> Result<()> {
        let _turn = self.turns.take(permit.account_id(), &name).await;
        let mut worker = self.new_worker(permit.account_id(), name);
        changes.apply(&mut worker);
        let most = permit.account().limits.workers;
        let event = self.worker_event(permit, &worker, Action::Create, json!({}));
        let seq = self
            .mutate(&permit.caller, move |tx| {
                let (worker, event) = (worker.clone(), event.clone());
                Box::pin(async move {
                    match workers::insert(tx, &worker, most).await {
                        Ok(true) => {}
                        Ok(false) => return Err(Limit::Workers(most).into()),
                        Err(StoreError::Taken(_)) => return Err(Conflict::WorkerName.into()),
                        Err(error) => return Err(Error::from(error)),
                    }
                    let subject = ChangeSubject::Worker(worker.id);
                    let seq = changes::record(tx, worker.account_id, subject).await?;
                    Ok(Written::new(seq, event))
                })
            })
            .await?;
        self.await_applied(seq).await;
        Ok(())
    }

    /// Changes what is not part of a version. Waits a moment for the edges to do so.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`].
    pub async fn edit_worker(
        &self,
        permit: &Permit<DeployWorkers>,
        name: WorkerName,
        edits: WorkerChanges,
    ) -> Result<()> {
        let _turn = self.turns.take(permit.account_id(), &name).await;
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        let seq = self
            .mutate(&caller, move |tx| {
                let (engine, permit) = (engine.clone(), permit.clone());
                let (name, edits) = (name.clone(), edits.clone());
                Box::pin(async move {
                    let mut worker = existing(tx, permit.account_id(), &name).await?;
                    let before = described(&worker);
                    edits.apply(&mut worker);
                    worker.modified_at = engine.clock.now();
                    workers::update(tx, &worker).await?;
                    let subject = ChangeSubject::Worker(worker.id);
                    let seq = changes::record(tx, permit.account_id(), subject).await?;
                    let details = json!({ "before": before, "after": described(&worker) });
                    let event = engine.worker_event(&permit, &worker, Action::Update, details);
                    Ok(Written::new(seq, event))
                })
            })
            .await?;
        self.await_applied(seq).await;
        Ok(())
    }
}

fn described(worker: &WorkerRow) -> Value {
    json!({
        "settings": view::script_settings(worker),
        "subdomain": view::subdomain(worker),
    })
}
