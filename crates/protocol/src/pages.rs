//! The shapes of the Pages API. None of them has room for a secret's value.

use std::collections::BTreeMap;

use coffer_types::{
    BindingKind, BindingName, PagesBranch, PagesConfiguration, PagesConfigurations, PagesProjectId,
    PagesProjectName, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::workers::USAGE_MODEL;

/// A project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// The project.
    pub id: PagesProjectId,
    /// Its name.
    pub name: PagesProjectName,
    /// The host name of its production deployment. Its first label only, until who knows the domain completes it.
    pub subdomain: String,
    /// Every host name of its production deployment.
    pub domains: Vec<String>,
    /// The branch whose deployments are production.
    pub production_branch: PagesBranch,
    /// When it was made.
    pub created_on: Timestamp,
    /// How it is built, as a client set it.
    pub build_config: Value,
    /// The repository that it is built from: none.
    pub source: Option<Value>,
    /// Whether its last deployment has functions; `None` before the first.
    pub uses_functions: Option<bool>,
    /// How its environments run.
    pub deployment_configs: Configurations,
    /// Its last deployment.
    pub latest_deployment: Option<Value>,
    /// Its production deployment.
    pub canonical_deployment: Option<Value>,
    /// What it is built with; nothing that Coffer knows.
    pub framework: String,
    /// The version of that.
    pub framework_version: String,
    /// What production is called where scripts are named.
    pub production_script_name: String,
    /// What previews are called there.
    pub preview_script_name: String,
}

/// How a project's environments run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Configurations {
    /// Previews.
    pub preview: Configuration,
    /// Production.
    pub production: Configuration,
}

/// How one environment runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Configuration {
    /// Whether static files are served when functions cannot be.
    pub fail_open: bool,
    /// Whether each deployment takes the newest date.
    pub always_use_latest_compatibility_date: bool,
    /// The date that fixes the runtime's behaviour; empty if none is set.
    pub compatibility_date: String,
    /// Exceptions to it.
    pub compatibility_flags: Vec<String>,
    /// The image that builds it.
    pub build_image_major_version: u32,
    /// The only usage model.
    pub usage_model: String,
    /// Variables and secrets by name.
    pub env_vars: BTreeMap<BindingName, Variable>,
    /// The digest of the file that the configuration came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrangler_config_hash: Option<String>,
    /// The bound on CPU time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Value>,
    /// Where it should run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<Value>,
}

/// A variable as it is read: a secret's value is empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variable {
    /// `plain_text` or `secret_text`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text; empty for a secret.
    pub value: String,
}

impl From<&PagesConfigurations> for Configurations {
    fn from(both: &PagesConfigurations) -> Self {
        Self {
            preview: (&both.preview).into(),
            production: (&both.production).into(),
        }
    }
}

impl From<&PagesConfiguration> for Configuration {
    fn from(one: &PagesConfiguration) -> Self {
        let variables = one.variables.iter().map(|variable| {
            let value = match &variable.kind {
                BindingKind::PlainText { text } => text.clone(),
                _ => String::new(),
            };
            let kind = variable.kind.type_name().to_owned();
            (variable.name.clone(), Variable { kind, value })
        });
        Self {
            fail_open: one.fail_open,
            always_use_latest_compatibility_date: one.always_use_latest_compatibility_date,
            compatibility_date: one.compatibility_date.clone().unwrap_or_default(),
            compatibility_flags: one.compatibility_flags.clone(),
            build_image_major_version: one.build_image_major_version,
            usage_model: USAGE_MODEL.to_owned(),
            env_vars: variables.collect(),
            wrangler_config_hash: one.wrangler_config_hash.clone(),
            limits: one.limits.clone(),
            placement: one.placement.clone(),
        }
    }
}
