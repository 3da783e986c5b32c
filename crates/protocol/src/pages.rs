//! The shapes of the Pages API. None of them has room for a secret's value.

use std::collections::BTreeMap;

use coffer_types::{
    BindingKind, BindingName, PagesBranch, PagesConfiguration, PagesConfigurations,
    PagesEnvironment, PagesProjectId, PagesProjectName, Timestamp, VersionId,
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
    pub latest_deployment: Option<Box<Deployment>>,
    /// Its production deployment.
    pub canonical_deployment: Option<Box<Deployment>>,
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

/// A deployment of a project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// The deployment.
    pub id: VersionId,
    /// The first digits of its id, which begin its host name.
    pub short_id: String,
    /// Its project.
    pub project_id: PagesProjectId,
    /// The project's name.
    pub project_name: PagesProjectName,
    /// What it was deployed to.
    pub environment: PagesEnvironment,
    /// Where it answers. The labels of its host name only, until who knows the domain completes it.
    pub url: String,
    /// When it was made.
    pub created_on: Timestamp,
    /// The same: it never changes.
    pub modified_on: Timestamp,
    /// How far it is: served.
    pub latest_stage: Stage,
    /// What it was made of.
    pub deployment_trigger: Trigger,
    /// All it went through here.
    pub stages: Vec<Stage>,
    /// How it was built, as the project says.
    pub build_config: Value,
    /// The repository that it was built from: none.
    pub source: Option<Value>,
    /// The variables and secrets that its code reads, by name.
    pub env_vars: BTreeMap<BindingName, Variable>,
    /// The date that fixes the runtime's behaviour; empty if none is set.
    pub compatibility_date: String,
    /// Exceptions to it.
    pub compatibility_flags: Vec<String>,
    /// The branch whose deployments are production.
    pub production_branch: PagesBranch,
    /// Where else it answers, completed as its address is; `None` if nowhere.
    pub aliases: Option<Vec<String>>,
    /// Whether nothing was deployed: never.
    pub is_skipped: bool,
    /// Whether it has code.
    pub uses_functions: bool,
}

/// One step of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// When it began.
    pub started_on: Timestamp,
    /// When it was over.
    pub ended_on: Timestamp,
    /// How it ended.
    pub status: String,
}

/// What a deployment was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Always `ad_hoc`: a client sent it.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the client said of it.
    pub metadata: TriggerMetadata,
}

/// What a client said of what it deployed. Texts that it did not send are empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerMetadata {
    /// The branch.
    pub branch: PagesBranch,
    /// The commit.
    pub commit_hash: String,
    /// Its message.
    pub commit_message: String,
    /// Whether files differed from it.
    pub commit_dirty: bool,
}

impl From<&PagesConfigurations> for Configurations {
    fn from(both: &PagesConfigurations) -> Self {
        Self {
            preview: (&both.preview).into(),
            production: (&both.production).into(),
        }
    }
}

impl From<&BindingKind> for Variable {
    fn from(kind: &BindingKind) -> Self {
        let value = match kind {
            BindingKind::PlainText { text } => text.clone(),
            _ => String::new(),
        };
        Self {
            kind: kind.type_name().to_owned(),
            value,
        }
    }
}

impl From<&PagesConfiguration> for Configuration {
    fn from(one: &PagesConfiguration) -> Self {
        let variables = one
            .variables
            .iter()
            .map(|variable| (variable.name.clone(), Variable::from(&variable.kind)));
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
