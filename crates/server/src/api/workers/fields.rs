//! Fields that several requests of this area share, parsed into types that cannot be wrong.

use std::collections::BTreeMap;

use coffer_engine::{
    Annotations, Error, Invalid, Missing, NewBinding, NewBindingKind, Problem,
    ScriptSettingsChanges, SecretValue,
};
use coffer_types::{BindingName, VersionId, WorkerName, limits};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The Worker of a path.
#[derive(Debug, Deserialize)]
pub(super) struct ScriptPath {
    script_name: String,
}

impl ScriptPath {
    /// The Worker's name; a text that is none names no Worker.
    pub(super) fn name(&self) -> Result<WorkerName, Error> {
        self.script_name.parse().map_err(|_| Missing::Worker.into())
    }

    /// The name of a Worker that may be made.
    pub(super) fn new_name(&self) -> Result<WorkerName, Error> {
        self.script_name
            .parse()
            .map_err(|error| Error::invalid("script_name", Problem::WorkerName(error)))
    }
}

/// A text that is a version's id; any other names no version.
pub(super) fn version_id(text: &str) -> Result<VersionId, Error> {
    text.parse().map_err(|_| Missing::Version.into())
}

/// A binding's name.
pub(super) fn binding_name(text: &str) -> Result<BindingName, Problem> {
    // A text that is no name is not quoted: it may be a value in the wrong place.
    text.parse()
        .map_err(|error| Problem::Upload(format!("the name of a binding {error}")))
}

/// The kinds of binding that the API knows and Coffer does not run.
const UNSUPPORTED_KINDS: [&str; 31] = [
    "ai",
    "ai_search",
    "ai_search_namespace",
    "analytics_engine",
    "assets",
    "browser",
    "d1",
    "data_blob",
    "dispatch_namespace",
    "durable_object_namespace",
    "flagship",
    "hyperdrive",
    "images",
    "kv_namespace",
    "media",
    "messaging",
    "mtls_certificate",
    "pipelines",
    "queue",
    "r2_bucket",
    "ratelimit",
    "secret_key",
    "send_email",
    "service",
    "text_blob",
    "vectorize",
    "version_metadata",
    "vpc_network",
    "vpc_service",
    "wasm_module",
    "workflow",
];

/// The refusal of a kind of binding, by its name if the API knows it.
pub(super) fn unsupported(name: &BindingName, kind: &str) -> Problem {
    let known = UNSUPPORTED_KINDS.iter().find(|known| **known == kind);
    Problem::Script(known.map_or_else(
        || format!("binding {name} has a type that is not known"),
        |known| format!("binding {name} of type {known} is not supported by Coffer"),
    ))
}

/// A client's text as a refusal may show it.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .filter(|other| !other.is_control())
        .take(limits::MAX_BINDING_NAME_CHARS)
        .collect()
}

/// Annotations, if there are any.
pub(super) fn annotations(given: Option<BTreeMap<String, String>>) -> Result<Annotations, Error> {
    Annotations::parse(given.unwrap_or_default())
}

/// A binding as clients send it. The value is read into a type that no error can quote.
#[derive(Debug, Deserialize)]
pub(super) struct BindingFields {
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    text: Option<SecretValue>,
    #[serde(default, deserialize_with = "present")]
    json: Option<Value>,
    store_id: Option<String>,
    secret_name: Option<String>,
    old_name: Option<String>,
}

/// What it means that a binding comes without what it should give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bare {
    /// It is wrong.
    Refused,
    /// The binding stays as it is, as a list that was read and is sent back means it.
    Kept,
}

/// Parses bindings; every one that is wrong is named.
pub(super) fn bindings(given: Vec<BindingFields>, bare: Bare) -> Result<Vec<NewBinding>, Error> {
    let mut problems = Vec::new();
    let mut parsed = Vec::with_capacity(given.len());
    for (index, fields) in given.into_iter().enumerate() {
        match binding(fields, bare) {
            Ok(binding) => parsed.push(binding),
            Err(problem) => problems.push(Invalid {
                pointer: format!("/bindings/{index}"),
                problem,
            }),
        }
    }
    if problems.is_empty() {
        Ok(parsed)
    } else {
        Err(Error::Invalid(problems))
    }
}

fn binding(fields: BindingFields, bare: Bare) -> Result<NewBinding, Problem> {
    let name = binding_name(fields.name.as_deref().unwrap_or_default())?;
    let kind = fields.kind(&name, bare)?;
    Ok(NewBinding { name, kind })
}

impl BindingFields {
    /// What the binding of this name should give.
    pub(super) fn kind(self, name: &BindingName, bare: Bare) -> Result<NewBindingKind, Problem> {
        let missing = |field: &str| match bare {
            Bare::Kept => Ok(NewBindingKind::Inherit { old_name: None }),
            Bare::Refused => Err(Problem::Upload(format!("binding {name} needs {field}"))),
        };
        let kind = self.kind.unwrap_or_default();
        match (kind.as_str(), self.text, self.json) {
            ("plain_text", Some(text), _) => Ok(NewBindingKind::PlainText {
                text: text.expose_secret().to_owned(),
            }),
            ("secret_text", Some(value), _) => Ok(NewBindingKind::SecretText { value }),
            ("plain_text" | "secret_text", None, _) => missing("text"),
            ("json", _, Some(json)) => Ok(NewBindingKind::Json { json }),
            ("json", _, None) => missing("json"),
            ("secrets_store_secret", ..) => match (self.store_id, self.secret_name) {
                (Some(store_id), Some(secret_name)) => Ok(NewBindingKind::SecretsStoreSecret {
                    store_id,
                    secret_name,
                }),
                _ => missing("store_id and secret_name"),
            },
            ("inherit", ..) => {
                let old_name = self.old_name.as_deref().map(binding_name).transpose()?;
                Ok(NewBindingKind::Inherit { old_name })
            }
            ("", ..) => Err(Problem::Upload(format!("binding {name} needs a type"))),
            (other, ..) => Err(unsupported(name, other)),
        }
    }
}

/// Settings that are not part of a version, as clients send them: absent leaves, `null` takes away.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ScriptSettingsFields {
    logpush: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    tags: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "present")]
    tail_consumers: Option<Option<Value>>,
    #[serde(default, deserialize_with = "present")]
    observability: Option<Option<Value>>,
}

impl From<ScriptSettingsFields> for ScriptSettingsChanges {
    fn from(fields: ScriptSettingsFields) -> Self {
        Self {
            logpush: fields.logpush,
            tags: fields.tags,
            tail_consumers: fields.tail_consumers,
            observability: fields.observability,
        }
    }
}

/// A field that is there, `null` included.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
