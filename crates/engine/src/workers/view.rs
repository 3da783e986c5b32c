//! Rows as clients see them.

use coffer_protocol::usage_model::{UsageSettings, UserLimits};
use coffer_protocol::workers::{
    Deployment, STRATEGY, Script, ScriptSettings, Settings, SubdomainState, USAGE_MODEL, Version,
    VersionMetadata, VersionResources, VersionRuntime, VersionScript, WorkerVersion,
};
use coffer_store::rows::deployments::DeploymentRow;
use coffer_store::rows::versions::VersionRow;
use coffer_store::rows::workers::WorkerRow;
use coffer_types::Format;
use serde_json::{Value, json};

use super::current::Current;

/// The Worker as a script.
pub(super) fn script(current: &Current) -> Script {
    let Current {
        worker,
        latest,
        active,
    } = current;
    let facts = latest.as_ref().map(|version| &version.facts);
    let source = active
        .as_ref()
        .map(|deployment| &deployment.facts.source)
        .or(facts.map(|facts| &facts.source));
    Script {
        id: worker.name.clone(),
        tag: worker.id,
        tags: worker.settings.tags.clone(),
        etag: facts.map(|facts| facts.etag.clone()).unwrap_or_default(),
        handlers: facts
            .map(|facts| facts.handlers.clone())
            .unwrap_or_default(),
        created_on: worker.created_at,
        modified_on: worker.modified_at,
        migration_tag: None,
        usage_model: usage_settings(worker).usage_model.to_string(),
        last_deployed_from: source.cloned().unwrap_or_else(|| "unknown".to_owned()),
        has_assets: facts.is_some_and(|facts| facts.assets.is_some()),
        has_modules: facts.is_none_or(|facts| facts.format == Format::Modules),
        logpush: worker.settings.logpush,
        compatibility_date: facts.and_then(|facts| facts.compatibility_date.clone()),
        compatibility_flags: facts
            .map(|facts| facts.compatibility_flags.clone())
            .unwrap_or_default(),
        startup_time_ms: None,
        deployment_id: None,
    }
}

/// A version.
pub(super) fn version(worker: &WorkerRow, row: &VersionRow) -> Version {
    let facts = &row.facts;
    Version {
        id: row.id,
        number: row.number,
        metadata: VersionMetadata {
            created_on: row.created_at,
            modified_on: row.created_at,
            source: facts.source.clone(),
            author_id: facts.author_id.clone(),
            author_email: facts.author_email.clone(),
            has_preview: worker.previews_enabled,
            has_preview_camel: worker.previews_enabled,
        },
        annotations: facts.annotations.clone(),
        resources: VersionResources {
            bindings: facts.bindings.iter().map(Into::into).collect(),
            script: VersionScript {
                etag: facts.etag.clone(),
                handlers: facts.handlers.clone(),
                last_deployed_from: facts.source.clone(),
                named_handlers: Vec::new(),
            },
            script_runtime: VersionRuntime {
                compatibility_date: facts.compatibility_date.clone(),
                compatibility_flags: facts.compatibility_flags.clone(),
                usage_model: USAGE_MODEL.to_owned(),
                limits: object(facts.limits.as_ref()),
            },
        },
        startup_time_ms: Some(facts.startup_time_ms),
    }
}

/// A version, as the newer part of the API shows it, without its modules.
pub(super) fn worker_version(row: &VersionRow) -> WorkerVersion {
    let facts = &row.facts;
    WorkerVersion {
        id: row.id,
        number: row.number,
        created_on: row.created_at,
        source: facts.source.clone(),
        annotations: facts.annotations.clone(),
        bindings: facts.bindings.iter().map(Into::into).collect(),
        compatibility_date: facts.compatibility_date.clone(),
        compatibility_flags: facts.compatibility_flags.clone(),
        limits: object(facts.limits.as_ref()),
        main_module: facts.main_module.clone(),
        modules: None,
        placement: facts.placement.clone(),
        startup_time_ms: facts.startup_time_ms,
        urls: Vec::new(),
        usage_model: USAGE_MODEL.to_owned(),
    }
}

/// A deployment.
pub(super) fn deployment(row: &DeploymentRow) -> Deployment {
    Deployment {
        id: row.id,
        source: row.facts.source.clone(),
        strategy: STRATEGY.to_owned(),
        author_email: row.facts.author_email.clone(),
        annotations: row.facts.annotations.clone(),
        created_on: row.created_at,
        versions: row.split.shares().to_vec(),
    }
}

/// The settings of a Worker and of its newest version.
pub(super) fn settings(worker: &WorkerRow, latest: Option<&VersionRow>) -> Settings {
    let facts = latest.map(|version| &version.facts);
    Settings {
        bindings: facts
            .map(|facts| facts.bindings.iter().map(Into::into).collect())
            .unwrap_or_default(),
        compatibility_date: facts.and_then(|facts| facts.compatibility_date.clone()),
        compatibility_flags: facts
            .map(|facts| facts.compatibility_flags.clone())
            .unwrap_or_default(),
        usage_model: usage_settings(worker).usage_model.to_string(),
        placement: object(facts.and_then(|facts| facts.placement.as_ref())),
        limits: object(facts.and_then(|facts| facts.limits.as_ref())),
        annotations: facts
            .map(|facts| facts.annotations.clone())
            .unwrap_or_default(),
        script: script_settings(worker),
    }
}

/// The settings that are not part of a version.
pub(super) fn script_settings(worker: &WorkerRow) -> ScriptSettings {
    let settings = &worker.settings;
    ScriptSettings {
        logpush: settings.logpush,
        tags: settings.tags.clone(),
        tail_consumers: settings.tail_consumers.clone(),
        observability: settings.observability.clone(),
    }
}

/// The usage model of a Worker.
pub(super) fn usage_settings(worker: &WorkerRow) -> UsageSettings {
    UsageSettings {
        usage_model: worker.settings.usage_model.unwrap_or_default(),
        user_limits: worker.settings.cpu_ms.map(|cpu_ms| UserLimits {
            cpu_ms: Some(cpu_ms),
        }),
    }
}

/// At which host names a Worker answers.
pub(super) fn subdomain(worker: &WorkerRow) -> SubdomainState {
    SubdomainState {
        enabled: worker.subdomain_enabled,
        previews_enabled: worker.previews_enabled,
    }
}

fn object(value: Option<&Value>) -> Value {
    value.cloned().unwrap_or_else(|| json!({}))
}
