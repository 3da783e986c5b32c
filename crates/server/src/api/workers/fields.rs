//! Fields that several requests of this area share, parsed into types that cannot be wrong.

use std::collections::BTreeMap;

use coffer_engine::{Annotations, Error, Missing, Problem, ScriptSettingsChanges};
use coffer_types::usage_model::UnknownUsageModel;
use coffer_types::{BindingName, UsageModel, VersionId, WorkerName, limits};
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

/// A usage model, if there is one.
pub(super) fn usage_model(
    pointer: &str,
    given: Option<&Value>,
) -> Result<Option<UsageModel>, Error> {
    let name = pointer.trim_start_matches('/');
    let refused = || {
        let rule = format!("{name} {UnknownUsageModel}");
        Error::invalid(pointer, Problem::Parameter(rule))
    };
    match given {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => text
            .parse()
            .map(Some)
            .map_err(|UnknownUsageModel| refused()),
        Some(_) => Err(refused()),
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
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
