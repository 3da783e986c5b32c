//! Projects as they are read.

use coffer_protocol::pages::{Configurations, Project};
use coffer_store::rows::pages_projects::PagesProjectRow;
use coffer_types::{BindingKind, PagesEnvironment};
use serde_json::{Value, json};

/// The project as the API shows it; its host name is completed by who knows the domain.
pub(super) fn project(row: &PagesProjectRow) -> Project {
    let script_name =
        |environment: PagesEnvironment| format!("pages-worker--{}-{environment}", row.label);
    Project {
        id: row.id,
        name: row.name.clone(),
        subdomain: row.label.clone(),
        domains: Vec::new(),
        production_branch: row.production_branch.clone(),
        created_on: row.created_at,
        build_config: row.build_config.clone().unwrap_or_else(|| json!({})),
        source: None,
        uses_functions: None,
        deployment_configs: Configurations::from(&row.configurations),
        latest_deployment: None,
        canonical_deployment: None,
        framework: String::new(),
        framework_version: String::new(),
        production_script_name: script_name(PagesEnvironment::Production),
        preview_script_name: script_name(PagesEnvironment::Preview),
    }
}

/// What the audit log tells of a project: no text of a variable, and nothing of its secrets, which have events of
/// their own.
pub(super) fn apart_from_secrets(row: &PagesProjectRow) -> Value {
    let mut told = json!({
        "production_branch": row.production_branch,
        "build_config": row.build_config,
    });
    for environment in PagesEnvironment::ALL {
        let one = row.configurations.of(environment);
        let variables: Vec<_> = one
            .variables
            .iter()
            .filter(|variable| matches!(variable.kind, BindingKind::PlainText { .. }))
            .map(|variable| &variable.name)
            .collect();
        told[environment.as_str()] = json!({
            "variables": variables,
            "compatibility_date": one.compatibility_date,
            "compatibility_flags": one.compatibility_flags,
            "wrangler_config_hash": one.wrangler_config_hash,
            "fail_open": one.fail_open,
            "limits": one.limits,
            "placement": one.placement,
        });
    }
    told
}
