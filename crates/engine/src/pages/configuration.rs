//! Changes to how one environment runs.

use std::collections::HashSet;

use coffer_crypto::SecretValue;
use coffer_store::rows::worker_secrets::WorkerSecretRow;
use coffer_types::limits::{MAX_PAGES_VARIABLES, MAX_VARIABLE_BYTES};
use coffer_types::{
    Binding, BindingKind, BindingName, Owner, PagesConfiguration, PagesConfigurations,
    PagesEnvironment, PagesProjectId, Place, ValueVersion, WorkerSecretId,
};
use serde_json::Value;

use crate::authorize::Permit;
use crate::engine::Engine;
use crate::error::{Error, Problem, Result};
use crate::workers::Compatibility;

/// A variable to be set.
#[derive(Debug)]
pub enum NewPagesVariable {
    /// One that everyone who may view the project can read.
    PlainText(String),
    /// A secret with a new value.
    Secret(SecretValue),
    /// A secret as it was read, without its value: it stays.
    KeptSecret,
}

/// What to change in one environment's configuration; the rest stays.
#[derive(Debug, Default)]
pub struct PagesConfigurationChanges {
    /// Variables to set and, without a value, to remove.
    pub variables: Vec<(BindingName, Option<NewPagesVariable>)>,
    /// The runtime's behaviour is fixed at this date.
    pub compatibility_date: Option<String>,
    /// Exceptions to it.
    pub compatibility_flags: Option<Vec<String>>,
    /// Kept for clients, as everything below.
    pub fail_open: Option<bool>,
    /// Whether each deployment takes the newest date.
    pub always_use_latest_compatibility_date: Option<bool>,
    /// The image that builds it.
    pub build_image_major_version: Option<u32>,
    /// The digest of the file that the configuration came from.
    pub wrangler_config_hash: Option<String>,
    /// The bound on CPU time.
    pub limits: Option<Value>,
    /// Where it should run.
    pub placement: Option<Value>,
}

/// Changes whose values are sealed.
pub(super) struct PreparedConfiguration {
    variables: Vec<(BindingName, Option<PreparedVariable>)>,
    secrets: Vec<WorkerSecretRow>,
    others: PagesConfigurationChanges,
}

enum PreparedVariable {
    Set(BindingKind),
    Kept,
}

impl Engine {
    /// Seals the values of changes for one project.
    pub(super) fn prepare_pages<P>(
        &self,
        permit: &Permit<P>,
        project_id: PagesProjectId,
        environment: PagesEnvironment,
        mut changes: PagesConfigurationChanges,
    ) -> Result<PreparedConfiguration> {
        let mut variables = Vec::with_capacity(changes.variables.len());
        let mut secrets = Vec::new();
        for (name, change) in std::mem::take(&mut changes.variables) {
            let prepared = match change {
                None => None,
                Some(NewPagesVariable::KeptSecret) => Some(PreparedVariable::Kept),
                Some(NewPagesVariable::PlainText(text)) => {
                    check_size(environment, &name, text.len())?;
                    Some(PreparedVariable::Set(BindingKind::PlainText { text }))
                }
                Some(NewPagesVariable::Secret(value)) => {
                    check_size(environment, &name, value.len())?;
                    let secret = self.seal_pages_secret(permit, project_id, &value)?;
                    let kind = BindingKind::SecretText { secret: secret.id };
                    secrets.push(secret);
                    Some(PreparedVariable::Set(kind))
                }
            };
            variables.push((name, prepared));
        }
        Ok(PreparedConfiguration {
            variables,
            secrets,
            others: changes,
        })
    }

    fn seal_pages_secret<P>(
        &self,
        permit: &Permit<P>,
        project_id: PagesProjectId,
        value: &SecretValue,
    ) -> Result<WorkerSecretRow> {
        let id = WorkerSecretId::random(self.random.as_ref());
        let place = Place {
            account_id: permit.account_id(),
            owner: Owner::Worker(project_id.worker_id(), id),
            value_version: ValueVersion::FIRST,
        };
        let sealed = self.sealer.seal(&permit.account().keys, &place, value)?;
        Ok(WorkerSecretRow { id, sealed })
    }
}

impl PreparedConfiguration {
    /// The sealed values.
    pub(super) fn secrets(&self) -> &[WorkerSecretRow] {
        &self.secrets
    }

    /// The configuration after these changes.
    pub(super) fn applied(
        &self,
        before: &PagesConfiguration,
        environment: PagesEnvironment,
    ) -> Result<PagesConfiguration> {
        let mut after = before.clone();
        for (name, change) in &self.variables {
            apply_variable(&mut after.variables, environment, name, change.as_ref())?;
        }
        after
            .variables
            .sort_by(|one, other| one.name.cmp(&other.name));
        if after.variables.len() > MAX_PAGES_VARIABLES {
            let rule = format!(
                "an environment has at most {MAX_PAGES_VARIABLES} variables and secrets, {environment} would have {}",
                after.variables.len()
            );
            let pointer = format!("/deployment_configs/{environment}/env_vars");
            return Err(Error::invalid(pointer, Problem::Pages(rule)));
        }
        self.apply_others(&mut after, environment)?;
        Ok(after)
    }

    fn apply_others(
        &self,
        after: &mut PagesConfiguration,
        environment: PagesEnvironment,
    ) -> Result<()> {
        let PagesConfigurationChanges {
            variables: _,
            compatibility_date,
            compatibility_flags,
            fail_open,
            always_use_latest_compatibility_date,
            build_image_major_version,
            wrangler_config_hash,
            limits,
            placement,
        } = &self.others;
        let flags = compatibility_flags.clone().unwrap_or_default();
        Compatibility::parse(compatibility_date.clone(), flags)
            .map_err(|error| within(error, environment))?;
        let date = compatibility_date.clone();
        after.compatibility_date = date.or_else(|| after.compatibility_date.take());
        if let Some(flags) = compatibility_flags {
            after.compatibility_flags.clone_from(flags);
        }
        after.fail_open = fail_open.unwrap_or(after.fail_open);
        after.always_use_latest_compatibility_date = always_use_latest_compatibility_date
            .unwrap_or(after.always_use_latest_compatibility_date);
        after.build_image_major_version =
            build_image_major_version.unwrap_or(after.build_image_major_version);
        let hash = wrangler_config_hash.clone();
        after.wrangler_config_hash = hash.or_else(|| after.wrangler_config_hash.take());
        after.limits = limits.clone().or_else(|| after.limits.take());
        after.placement = placement.clone().or_else(|| after.placement.take());
        Ok(())
    }
}

fn apply_variable(
    variables: &mut Vec<Binding>,
    environment: PagesEnvironment,
    name: &BindingName,
    change: Option<&PreparedVariable>,
) -> Result<()> {
    let present = variables.iter().position(|one| one.name == *name);
    match (present, change) {
        (None, None) => {}
        (Some(index), None) => {
            variables.remove(index);
        }
        (Some(index), Some(PreparedVariable::Set(kind))) => variables[index].kind = kind.clone(),
        (None, Some(PreparedVariable::Set(kind))) => variables.push(Binding {
            name: name.clone(),
            kind: kind.clone(),
        }),
        (present, Some(PreparedVariable::Kept)) => {
            let is_secret =
                |index: usize| matches!(variables[index].kind, BindingKind::SecretText { .. });
            if !present.is_some_and(is_secret) {
                let rule = format!(
                    "give the secret {name} a value: {environment} has no secret of this name that could stay as it is"
                );
                let pointer = pointer_to(environment, name);
                return Err(Error::invalid(pointer, Problem::Pages(rule)));
            }
        }
    }
    Ok(())
}

/// The ids of all secrets of both environments.
pub(super) fn secrets_of_project(configurations: &PagesConfigurations) -> HashSet<WorkerSecretId> {
    let environments = PagesEnvironment::ALL.into_iter();
    environments
        .flat_map(|environment| &configurations.of(environment).variables)
        .filter_map(|variable| variable.kind.worker_secret())
        .collect()
}

fn check_size(environment: PagesEnvironment, name: &BindingName, bytes: usize) -> Result<()> {
    if bytes <= MAX_VARIABLE_BYTES {
        return Ok(());
    }
    let problem = Problem::VariableTooLarge {
        name: name.clone(),
        bytes,
        limit: MAX_VARIABLE_BYTES,
    };
    Err(Error::invalid(pointer_to(environment, name), problem))
}

fn pointer_to(environment: PagesEnvironment, name: &BindingName) -> String {
    format!("/deployment_configs/{environment}/env_vars/{name}")
}

/// The same refusal, of a part of one environment's configuration.
fn within(error: Error, environment: PagesEnvironment) -> Error {
    let Error::Invalid(mut problems) = error else {
        return error;
    };
    for problem in &mut problems {
        problem.pointer = format!("/deployment_configs/{environment}{}", problem.pointer);
    }
    Error::Invalid(problems)
}
