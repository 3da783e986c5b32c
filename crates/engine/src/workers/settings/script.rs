//! Settings that are not part of a version.

use std::sync::Arc;

use coffer_protocol::workers::ScriptSettings;
use coffer_store::Written;
use coffer_store::rows::workers::{self, WorkerRow};
use coffer_types::WorkerName;
use coffer_types::audit::Action;
use serde_json::{Value, json};

use crate::authorize::{DeployWorkers, Permit};
use crate::engine::Engine;
use crate::error::Result;
use crate::workers::current::existing;
use crate::workers::view;

/// What to change; `None` leaves a part as it is, `Some(None)` takes it away.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScriptSettingsChanges {
    /// Whether trace events are pushed.
    pub logpush: Option<bool>,
    /// Labels.
    pub tags: Option<Option<Vec<String>>>,
    /// Workers that consume this one's traces.
    pub tail_consumers: Option<Option<Value>>,
    /// What is observed.
    pub observability: Option<Option<Value>>,
}

impl ScriptSettingsChanges {
    /// Changes a Worker's row.
    pub(in crate::workers) fn apply(&self, worker: &mut WorkerRow) {
        let settings = &mut worker.settings;
        if let Some(logpush) = self.logpush {
            settings.logpush = logpush;
        }
        if let Some(tags) = &self.tags {
            settings.tags.clone_from(tags);
        }
        if let Some(tail_consumers) = &self.tail_consumers {
            settings.tail_consumers.clone_from(tail_consumers);
        }
        if let Some(observability) = &self.observability {
            settings.observability.clone_from(observability);
        }
    }
}

impl Engine {
    /// Changes settings that are not part of a version.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`].
    pub async fn edit_script_settings(
        &self,
        permit: &Permit<DeployWorkers>,
        name: WorkerName,
        changes: ScriptSettingsChanges,
    ) -> Result<ScriptSettings> {
        let _turn = self.turns.take(permit.account_id(), &name).await;
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit) = (engine.clone(), permit.clone());
            let (name, changes) = (name.clone(), changes.clone());
            Box::pin(async move {
                let mut worker = existing(tx, permit.account_id(), &name).await?;
                let before = view::script_settings(&worker);
                changes.apply(&mut worker);
                worker.modified_at = engine.clock.now();
                workers::update(tx, &worker).await?;
                let after = view::script_settings(&worker);
                let details = json!({ "before": before, "after": after });
                let event = engine.worker_event(&permit, &worker, Action::Update, details);
                Ok(Written::new(after, event))
            })
        })
        .await
    }
}
