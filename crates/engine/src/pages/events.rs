//! What the audit log says of Pages: names and kinds, never a value.

use std::collections::BTreeMap;

use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::pages_deployments::PagesDeploymentRow;
use coffer_store::rows::pages_projects::PagesProjectRow;
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{Binding, BindingName, PagesConfigurations, PagesEnvironment, WorkerSecretId};
use serde_json::{Value, json};

use crate::authorize::Permit;
use crate::engine::Engine;
use crate::mutate::About;
use crate::pages::view::apart_from_secrets;

impl Engine {
    /// An event about the project, with what it was and is.
    pub(super) fn pages_project_event<P>(
        &self,
        permit: &Permit<P>,
        before: Option<&PagesProjectRow>,
        after: Option<&PagesProjectRow>,
        action: Action,
    ) -> NewEvent {
        let mut details = json!({});
        if let Some(before) = before {
            details["before"] = apart_from_secrets(before);
        }
        if let Some(after) = after {
            details["after"] = apart_from_secrets(after);
        }
        let name = after.or(before).map(|project| &project.name);
        let id = after.or(before).map(|project| project.id.to_string());
        details["project_name"] = json!(name);
        let about = About {
            action,
            resource_kind: ResourceKind::PagesProject,
            resource_id: id.unwrap_or_default(),
            details,
        };
        self.event(&permit.caller, permit.account_id(), about)
    }

    /// An event for each secret that is other than before.
    pub(super) fn pages_secret_events<P>(
        &self,
        permit: &Permit<P>,
        project: &PagesProjectRow,
        before: &PagesConfigurations,
        after: &PagesConfigurations,
    ) -> Vec<NewEvent> {
        let mut events = Vec::new();
        for environment in PagesEnvironment::ALL {
            let before = secrets_of(&before.of(environment).variables);
            let after = secrets_of(&after.of(environment).variables);
            let mut tell = |name: &BindingName, id: WorkerSecretId, action| {
                events.push(self.pages_secret_event(
                    permit,
                    project,
                    environment,
                    (name, id),
                    action,
                ));
            };
            for (name, id) in &after {
                match before.get(name) {
                    None => tell(name, *id, Action::Create),
                    Some(old) if old != id => tell(name, *id, Action::Update),
                    Some(_) => {}
                }
            }
            for (name, id) in &before {
                if !after.contains_key(name) {
                    tell(name, *id, Action::Delete);
                }
            }
        }
        events
    }

    /// An event about a deployment: names and kinds of what it reads, never a value.
    pub(super) fn pages_deployment_event<P>(
        &self,
        permit: &Permit<P>,
        project: &PagesProjectRow,
        row: &PagesDeploymentRow,
        action: Action,
    ) -> NewEvent {
        let version = &row.facts.version;
        let bindings: Vec<_> = version
            .bindings
            .iter()
            .map(|binding| json!({ "name": binding.name, "type": binding.kind.type_name() }))
            .collect();
        let details = json!({
            "number": row.number,
            "environment": row.environment,
            "branch": row.branch,
            "etag": version.etag,
            "bindings": bindings,
        });
        self.about_pages_deployment(permit, project, row, action, details)
    }

    /// An event about a deployment that became production again. `before` is the project as it was.
    pub(super) fn pages_rollback_event<P>(
        &self,
        permit: &Permit<P>,
        before: &PagesProjectRow,
        row: &PagesDeploymentRow,
    ) -> NewEvent {
        let details = json!({
            "before": { "production_deployment": before.production_deployment },
            "after": { "production_deployment": row.id },
        });
        self.about_pages_deployment(permit, before, row, Action::Update, details)
    }

    fn about_pages_deployment<P>(
        &self,
        permit: &Permit<P>,
        project: &PagesProjectRow,
        row: &PagesDeploymentRow,
        action: Action,
        mut details: Value,
    ) -> NewEvent {
        details["project_id"] = json!(project.id);
        details["project_name"] = json!(project.name);
        let about = About {
            action,
            resource_kind: ResourceKind::PagesDeployment,
            resource_id: row.id.to_string(),
            details,
        };
        self.event(&permit.caller, permit.account_id(), about)
    }

    fn pages_secret_event<P>(
        &self,
        permit: &Permit<P>,
        project: &PagesProjectRow,
        environment: PagesEnvironment,
        (name, id): (&BindingName, WorkerSecretId),
        action: Action,
    ) -> NewEvent {
        let mut details = json!({
            "name": name,
            "environment": environment,
            "project_id": project.id,
            "project_name": project.name,
        });
        if action == Action::Update {
            details["value_modified"] = Value::Bool(true);
        }
        let about = About {
            action,
            resource_kind: ResourceKind::PagesSecret,
            resource_id: id.to_string(),
            details,
        };
        self.event(&permit.caller, permit.account_id(), about)
    }
}

fn secrets_of(variables: &[Binding]) -> BTreeMap<&BindingName, WorkerSecretId> {
    variables
        .iter()
        .filter_map(|variable| Some((&variable.name, variable.kind.worker_secret()?)))
        .collect()
}
