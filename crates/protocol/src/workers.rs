//! The shapes of the Workers API. None of them has room for a secret's value.

use std::collections::BTreeMap;

use coffer_types::deployment::Share;
use coffer_types::{
    Binding, BindingKind, BindingName, Cron, DeploymentId, Email, KeyDescription, ModuleName,
    SecretName, StoreId, Timestamp, VersionId, WorkerId, WorkerName,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The usage model of every version; clients show it.
pub const USAGE_MODEL: &str = "standard";
/// The only environment of a service.
pub const ENVIRONMENT: &str = "production";
/// The only strategy of a deployment.
pub const STRATEGY: &str = "percentage";

/// A binding as it is read: a secret's value is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BindingShape {
    /// The property of `env`.
    pub name: BindingName,
    /// What it gives.
    #[serde(flatten)]
    pub kind: BindingShapeKind,
}

/// What a binding gives, without a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BindingShapeKind {
    /// A variable.
    PlainText {
        /// The text.
        text: String,
    },
    /// A JSON variable.
    Json {
        /// The value.
        json: Value,
    },
    /// A per-Worker secret.
    SecretText {},
    /// A secret of a store.
    SecretsStoreSecret {
        /// The store.
        store_id: StoreId,
        /// The secret's name in it.
        secret_name: SecretName,
    },
    /// A per-Worker key.
    SecretKey {
        /// How it may be used.
        #[serde(flatten)]
        key: KeyDescription,
    },
    /// Another Worker.
    Service {
        /// Its name.
        service: WorkerName,
    },
    /// The version's own static files.
    Assets {},
    /// Which version this is.
    VersionMetadata {},
    /// The text of a part of the upload.
    TextBlob {
        /// The part.
        part: ModuleName,
    },
    /// The bytes of a part of the upload.
    DataBlob {
        /// The part.
        part: ModuleName,
    },
    /// A part of the upload as a WebAssembly module.
    WasmModule {
        /// The part.
        part: ModuleName,
    },
}

impl From<&Binding> for BindingShape {
    fn from(binding: &Binding) -> Self {
        let kind = match &binding.kind {
            BindingKind::PlainText { text } => BindingShapeKind::PlainText { text: text.clone() },
            BindingKind::Json { json } => BindingShapeKind::Json { json: json.clone() },
            BindingKind::SecretText { .. } => BindingShapeKind::SecretText {},
            BindingKind::SecretsStoreSecret {
                store_id,
                secret_name,
            } => BindingShapeKind::SecretsStoreSecret {
                store_id: *store_id,
                secret_name: secret_name.clone(),
            },
            BindingKind::SecretKey { key, .. } => BindingShapeKind::SecretKey { key: key.clone() },
            BindingKind::Service { service } => BindingShapeKind::Service {
                service: service.clone(),
            },
            BindingKind::Assets {} => BindingShapeKind::Assets {},
            BindingKind::VersionMetadata {} => BindingShapeKind::VersionMetadata {},
            BindingKind::TextBlob { part } => BindingShapeKind::TextBlob { part: part.clone() },
            BindingKind::DataBlob { part } => BindingShapeKind::DataBlob { part: part.clone() },
            BindingKind::WasmModule { part } => BindingShapeKind::WasmModule { part: part.clone() },
        };
        Self {
            name: binding.name.clone(),
            kind,
        }
    }
}

/// A per-Worker secret, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerSecret {
    /// The property of `env`.
    pub name: BindingName,
    /// `secret_text` or `secret_key`.
    #[serde(rename = "type")]
    pub kind: String,
}

impl WorkerSecret {
    /// The secret with this name.
    pub fn named(name: BindingName) -> Self {
        Self {
            name,
            kind: "secret_text".to_owned(),
        }
    }
}

/// A Worker as a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// The Worker's name.
    pub id: WorkerName,
    /// The Worker's id.
    pub tag: WorkerId,
    /// Labels; `null` until a client sets them.
    pub tags: Option<Vec<String>>,
    /// A digest of the code.
    pub etag: String,
    /// The handlers of the default export.
    pub handlers: Vec<String>,
    /// When it was made.
    pub created_on: Timestamp,
    /// When it was last changed.
    pub modified_on: Timestamp,
    /// Always `null`: there are no Durable Objects.
    pub migration_tag: Option<String>,
    /// `standard` until a client sets another.
    pub usage_model: String,
    /// Which client deployed it last.
    pub last_deployed_from: String,
    /// Whether it has static assets.
    pub has_assets: bool,
    /// Whether it is made of modules.
    pub has_modules: bool,
    /// Whether trace events are pushed.
    pub logpush: bool,
    /// The date that its behaviour is fixed at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_date: Option<String>,
    /// Exceptions to that date.
    pub compatibility_flags: Vec<String>,
    /// How long it took to start when it was uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub startup_time_ms: Option<u32>,
    /// In the answer to an upload: the new version's id without hyphens, as clients expect it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<String>,
}

/// A Worker as a search finds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoundScript {
    /// The Worker's id.
    pub id: WorkerId,
    /// Its name.
    pub script_name: WorkerName,
    /// Its name again.
    pub service_name: WorkerName,
    /// Its only environment.
    pub environment_name: String,
    /// Always `true`.
    pub environment_is_default: bool,
    /// When it was made.
    pub created_on: Timestamp,
    /// When it was last changed.
    pub modified_on: Timestamp,
}

/// A Worker as a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// The Worker's name.
    pub id: WorkerName,
    /// Its only environment.
    pub default_environment: Environment,
    /// When it was made.
    pub created_on: Timestamp,
    /// When it was last changed.
    pub modified_on: Timestamp,
    /// Its environments, by name.
    pub environments: Vec<EnvironmentName>,
}

/// The environment of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// `production`.
    pub environment: String,
    /// When it was made.
    pub created_on: Timestamp,
    /// When it was last changed.
    pub modified_on: Timestamp,
    /// The script.
    pub script: Script,
}

/// An environment's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentName {
    /// `production`.
    pub environment: String,
}

/// A version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// The version.
    pub id: VersionId,
    /// Counts the Worker's versions, from 1.
    pub number: u32,
    /// Who made it, when and with what.
    pub metadata: VersionMetadata,
    /// `workers/message` and the like.
    pub annotations: BTreeMap<String, String>,
    /// What it is made of.
    pub resources: VersionResources,
    /// How long it took to start when it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub startup_time_ms: Option<u32>,
}

/// Who made a version, when and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionMetadata {
    /// When it was made.
    pub created_on: Timestamp,
    /// The same: a version never changes.
    pub modified_on: Timestamp,
    /// Which client made it.
    pub source: String,
    /// Who made it.
    pub author_id: String,
    /// The author's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author_email: Option<Email>,
    /// Whether it can be reached at a preview host name, as Wrangler spells it.
    pub has_preview: bool,
    /// The same, as the API's description spells it.
    #[serde(rename = "hasPreview")]
    pub has_preview_camel: bool,
}

/// What a version is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionResources {
    /// Its bindings, without values.
    pub bindings: Vec<BindingShape>,
    /// Its code.
    pub script: VersionScript,
    /// How it runs.
    pub script_runtime: VersionRuntime,
}

/// The code of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionScript {
    /// A digest of it.
    pub etag: String,
    /// The handlers of its default export.
    pub handlers: Vec<String>,
    /// Which client uploaded it.
    pub last_deployed_from: String,
    /// Always empty: named exports are not looked at.
    pub named_handlers: Vec<Value>,
}

/// How a version runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionRuntime {
    /// The date that its behaviour is fixed at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_date: Option<String>,
    /// Exceptions to that date.
    pub compatibility_flags: Vec<String>,
    /// Always `standard`.
    pub usage_model: String,
    /// As the client set them.
    pub limits: Value,
}

/// A list of versions, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionItems {
    /// The versions.
    pub items: Vec<Version>,
}

/// A deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// The deployment.
    pub id: DeploymentId,
    /// Which client made it.
    pub source: String,
    /// Always `percentage`.
    pub strategy: String,
    /// The author's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author_email: Option<Email>,
    /// `workers/message` and the like.
    pub annotations: BTreeMap<String, String>,
    /// When it was made.
    pub created_on: Timestamp,
    /// How traffic is divided.
    pub versions: Vec<Share>,
}

/// A Worker's deployments, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployments {
    /// The deployments.
    pub deployments: Vec<Deployment>,
}

/// Settings of a Worker and of its newest version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The newest version's bindings, without values.
    pub bindings: Vec<BindingShape>,
    /// The date that its behaviour is fixed at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_date: Option<String>,
    /// Exceptions to that date.
    pub compatibility_flags: Vec<String>,
    /// Always `standard`.
    pub usage_model: String,
    /// As the client set it.
    pub placement: Value,
    /// As the client set them.
    pub limits: Value,
    /// The newest version's annotations.
    pub annotations: BTreeMap<String, String>,
    /// What is not part of a version.
    #[serde(flatten)]
    pub script: ScriptSettings,
}

/// Settings of a Worker that are not part of a version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScriptSettings {
    /// Whether trace events are pushed.
    pub logpush: bool,
    /// Labels; `null` until a client sets them.
    pub tags: Option<Vec<String>>,
    /// Workers that consume this one's traces.
    pub tail_consumers: Option<Value>,
    /// What is observed.
    pub observability: Option<Value>,
}

/// A Worker's cron triggers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedules {
    /// In the order in which they were given.
    pub schedules: Vec<Schedule>,
}

/// A cron trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// When it comes.
    pub cron: Cron,
    /// Since when the Worker has it.
    pub created_on: Timestamp,
    /// When it was last changed: one that is changed is another.
    pub modified_on: Timestamp,
}

/// At which host names a Worker answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubdomainState {
    /// Whether at its own.
    pub enabled: bool,
    /// Whether its versions at preview host names.
    pub previews_enabled: bool,
}

/// A Worker, as the newer part of the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worker {
    /// The Worker.
    pub id: WorkerId,
    /// Its name.
    pub name: WorkerName,
    /// When it was made.
    pub created_on: Timestamp,
    /// When it was last changed.
    pub updated_on: Timestamp,
    /// When it was last deployed.
    pub deployed_on: Option<Timestamp>,
    /// Whether trace events are pushed.
    pub logpush: bool,
    /// What is observed.
    pub observability: Value,
    /// What refers to it; always empty lists.
    pub references: Map<String, Value>,
    /// Its host names.
    pub subdomain: WorkerSubdomain,
    /// Labels.
    pub tags: Vec<String>,
    /// Workers that consume this one's traces.
    pub tail_consumers: Value,
}

/// A version, as the newer part of the API shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerVersion {
    /// The version.
    pub id: VersionId,
    /// Counts the Worker's versions, from 1.
    pub number: u32,
    /// When it was made.
    pub created_on: Timestamp,
    /// Which client made it.
    pub source: String,
    /// `workers/message` and the like.
    pub annotations: BTreeMap<String, String>,
    /// Its bindings, without values.
    pub bindings: Vec<BindingShape>,
    /// The date that its behaviour is fixed at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_date: Option<String>,
    /// Exceptions to that date.
    pub compatibility_flags: Vec<String>,
    /// As the client set them.
    pub limits: Value,
    /// The module that handles requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main_module: Option<ModuleName>,
    /// Its modules, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modules: Option<Vec<WorkerModule>>,
    /// As the client set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement: Option<Value>,
    /// How long it took to start when it was made.
    pub startup_time_ms: u32,
    /// Where it answers: at the addresses of its Worker.
    pub urls: Vec<String>,
    /// Always `standard`.
    pub usage_model: String,
}

/// A module of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerModule {
    /// The name that other modules import it by.
    pub name: ModuleName,
    /// How the runtime reads it.
    pub content_type: String,
    /// Its content.
    pub content_base64: String,
}

/// The host names of a Worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerSubdomain {
    /// Whether it answers at its own host name, and its versions at preview host names.
    #[serde(flatten)]
    pub state: SubdomainState,
    /// Its own address; clients print it. An account without a subdomain has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What follows the version in a preview's host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_url_suffix: Option<String>,
}
