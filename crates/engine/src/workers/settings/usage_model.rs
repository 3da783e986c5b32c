//! How a Worker's use is billed elsewhere. Nothing is billed here: it is kept and given back.

use std::sync::Arc;

use coffer_protocol::usage_model::UsageSettings;
use coffer_store::Written;
use coffer_store::rows::workers::{self, WorkerRow};
use coffer_types::audit::Action;
use coffer_types::{UsageModel, WorkerName};
use serde_json::json;

use crate::authorize::{DeployWorkers, Permit, ViewWorkers};
use crate::engine::Engine;
use crate::error::Result;
use crate::workers::current::existing;
use crate::workers::view;

impl Engine {
    /// A Worker's usage model.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`].
    pub async fn usage_model(
        &self,
        permit: &Permit<ViewWorkers>,
        name: &WorkerName,
    ) -> Result<UsageSettings> {
        let mut reader = self.store.reader().await?;
        let worker = existing(&mut reader, permit.account_id(), name).await?;
        Ok(view::usage_settings(&worker))
    }

    /// Sets a Worker's usage model.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`].
    pub async fn set_usage_model(
        &self,
        permit: &Permit<DeployWorkers>,
        name: WorkerName,
        settings: UsageSettings,
    ) -> Result<UsageSettings> {
        let _turn = self.turns.take(permit.account_id(), &name).await;
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit) = (engine.clone(), permit.clone());
            let (name, settings) = (name.clone(), settings.clone());
            Box::pin(async move {
                let mut worker = existing(tx, permit.account_id(), &name).await?;
                let before = view::usage_settings(&worker);
                apply(&settings, &mut worker);
                worker.modified_at = engine.clock.now();
                workers::update(tx, &worker).await?;
                let details = json!({ "before": before, "after": settings });
                let event = engine.worker_event(&permit, &worker, Action::Update, details);
                Ok(Written::new(settings, event))
            })
        })
        .await
    }
}

fn apply(settings: &UsageSettings, worker: &mut WorkerRow) {
    let model = settings.usage_model;
    worker.settings.usage_model = (model != UsageModel::default()).then_some(model);
    worker.settings.cpu_ms = settings.user_limits.as_ref().and_then(|one| one.cpu_ms);
}
