//! What a version of a Worker finds in `env`.

use serde::{Deserialize, Serialize};

use crate::id::{StoreId, WorkerSecretId};
use crate::name::{BindingName, SecretName};

/// One binding of a version, as stored. It never holds a secret's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Binding {
    /// The property of `env`.
    pub name: BindingName,
    /// What it gives.
    #[serde(flatten)]
    pub kind: BindingKind,
}

/// The kinds of binding that Coffer runs. Any other is refused at upload by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BindingKind {
    /// A variable: text that everyone who may view the Worker can read.
    PlainText {
        /// The text.
        text: String,
    },
    /// A variable: a JSON value.
    Json {
        /// The value.
        json: serde_json::Value,
    },
    /// A per-Worker secret; the value is sealed under this id.
    SecretText {
        /// Where the sealed value is.
        secret: WorkerSecretId,
    },
    /// A secret of a Secrets Store, read with `await env.NAME.get()`.
    SecretsStoreSecret {
        /// The store.
        store_id: StoreId,
        /// The secret's name in it.
        secret_name: SecretName,
    },
}

impl BindingKind {
    /// The kind's name on the wire.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::PlainText { .. } => "plain_text",
            Self::Json { .. } => "json",
            Self::SecretText { .. } => "secret_text",
            Self::SecretsStoreSecret { .. } => "secrets_store_secret",
        }
    }
}
