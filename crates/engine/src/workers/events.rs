//! What the audit log says of Workers: names and kinds, never a value.

use std::collections::BTreeMap;

use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::deployments::DeploymentRow;
use coffer_store::rows::versions::VersionRow;
use coffer_store::rows::workers::WorkerRow;
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{Binding, BindingKind, BindingName, WorkerSecretId};
use serde_json::{Value, json};

use crate::authorize::Permit;
use crate::engine::Engine;
use crate::mutate::About;
use crate::workers::{ScriptSettingsChanges, view};

impl Engine {
    pub(super) fn worker_event<P>(
        &self,
        permit: &Permit<P>,
        worker: &WorkerRow,
        action: Action,
        details: Value,
    ) -> NewEvent {
        let id = worker.id.to_string();
        self.event_on(permit, worker, action, (ResourceKind::Worker, id), details)
    }

    /// An event if the Worker is new, or if the changes make other settings than it has.
    pub(super) fn worker_changed<P>(
        &self,
        permit: &Permit<P>,
        worker: &WorkerRow,
        new: bool,
        changes: &ScriptSettingsChanges,
    ) -> Option<NewEvent> {
        let mut changed = worker.clone();
        changes.apply(&mut changed);
        let before = view::script_settings(worker);
        let after = view::script_settings(&changed);
        let details = if before == after {
            json!({})
        } else {
            json!({ "before": before, "after": after })
        };
        if new {
            Some(self.worker_event(permit, worker, Action::Create, details))
        } else if before != after {
            Some(self.worker_event(permit, worker, Action::Update, details))
        } else {
            None
        }
    }

    pub(super) fn version_created<P>(
        &self,
        permit: &Permit<P>,
        worker: &WorkerRow,
        version: &VersionRow,
    ) -> NewEvent {
        let bindings: Vec<_> = version.facts.bindings.iter().map(described).collect();
        let details = json!({
            "number": version.number,
            "etag": version.facts.etag,
            "bindings": bindings,
        });
        let subject = (ResourceKind::Version, version.id.to_string());
        self.event_on(permit, worker, Action::Create, subject, details)
    }

    pub(super) fn deployment_created<P>(
        &self,
        permit: &Permit<P>,
        worker: &WorkerRow,
        deployment: &DeploymentRow,
    ) -> NewEvent {
        let subject = (ResourceKind::Deployment, deployment.id.to_string());
        let details = json!({ "versions": deployment.split });
        self.event_on(permit, worker, Action::Create, subject, details)
    }

    pub(super) fn deployment_deleted<P>(
        &self,
        permit: &Permit<P>,
        worker: &WorkerRow,
        deployment: &DeploymentRow,
    ) -> NewEvent {
        let subject = (ResourceKind::Deployment, deployment.id.to_string());
        let details = json!({ "versions": deployment.split });
        self.event_on(permit, worker, Action::Delete, subject, details)
    }

    /// An event for each per-Worker secret that is other than before.
    pub(super) fn secrets_changed<P>(
        &self,
        permit: &Permit<P>,
        worker: &WorkerRow,
        before: &[Binding],
        after: &[Binding],
    ) -> Vec<NewEvent> {
        let (before, after) = (secrets_of(before), secrets_of(after));
        let event = |name: &BindingName, id: WorkerSecretId, action, value_modified: bool| {
            let mut details = json!({ "name": name });
            if value_modified {
                details["value_modified"] = Value::Bool(true);
            }
            let subject = (ResourceKind::WorkerSecret, id.to_string());
            self.event_on(permit, worker, action, subject, details)
        };
        let set = after
            .iter()
            .filter_map(|(name, id)| match before.get(name) {
                None => Some(event(name, *id, Action::Create, false)),
                Some(old) if old != id => Some(event(name, *id, Action::Update, true)),
                Some(_) => None,
            });
        let removed = before
            .iter()
            .filter(|(name, _)| !after.contains_key(*name))
            .map(|(name, id)| event(name, *id, Action::Delete, false));
        set.chain(removed).collect()
    }

    pub(super) fn event_on<P>(
        &self,
        permit: &Permit<P>,
        worker: &WorkerRow,
        action: Action,
        (resource_kind, resource_id): (ResourceKind, String),
        mut details: Value,
    ) -> NewEvent {
        details["worker_id"] = json!(worker.id);
        details["worker_name"] = json!(worker.name);
        let about = About {
            action,
            resource_kind,
            resource_id,
            details,
        };
        self.event(&permit.caller, permit.account_id(), about)
    }
}

/// The per-Worker secrets among bindings.
pub(super) fn secrets_of(bindings: &[Binding]) -> BTreeMap<&BindingName, WorkerSecretId> {
    bindings
        .iter()
        .filter_map(|binding| Some((&binding.name, binding.kind.worker_secret()?)))
        .collect()
}

/// A binding's name and kind; of a secret of a store also which.
fn described(binding: &Binding) -> Value {
    let mut described = json!({ "name": binding.name, "type": binding.kind.type_name() });
    if let BindingKind::SecretsStoreSecret {
        store_id,
        secret_name,
    } = &binding.kind
    {
        described["store_id"] = json!(store_id);
        described["secret_name"] = json!(secret_name);
    }
    described
}
