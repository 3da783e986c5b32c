//! What a version of a Worker finds in `env`.

use serde::{Deserialize, Serialize};

use crate::id::{StoreId, WorkerSecretId};
use crate::name::{BindingName, ModuleName, SecretName, WorkerName};

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
    /// A per-Worker key, a `CryptoKey`; its material is sealed under this id.
    SecretKey {
        /// Where the sealed material is.
        secret: WorkerSecretId,
        /// How the key may be used.
        #[serde(flatten)]
        key: KeyDescription,
    },
    /// Another Worker of the account: `await env.NAME.fetch(request)`.
    Service {
        /// Its name.
        service: WorkerName,
    },
    /// The version's own static files.
    Assets {},
    /// Which version this is.
    VersionMetadata {},
    /// The text of a part of the upload; for the service-worker format.
    TextBlob {
        /// The part.
        part: ModuleName,
    },
    /// The bytes of a part of the upload, an `ArrayBuffer`; for the service-worker format.
    DataBlob {
        /// The part.
        part: ModuleName,
    },
    /// A part of the upload, compiled, a `WebAssembly.Module`; for the service-worker format.
    WasmModule {
        /// The part.
        part: ModuleName,
    },
}

/// How a key is written and what it may be used for: everything about it but the key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyDescription {
    /// How its material is written.
    pub format: KeyFormat,
    /// As `crypto.subtle.importKey` takes it: an object, or a name.
    pub algorithm: serde_json::Value,
    /// What it may be used for.
    pub usages: Vec<KeyUsage>,
}

/// How a key's material is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyFormat {
    /// Bytes.
    Raw,
    /// A private key in DER.
    Pkcs8,
    /// A public key in DER.
    Spki,
    /// A JSON web key.
    Jwk,
}

/// What a key may be used for, as `crypto.subtle` calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names of the Web Cryptography API")]
pub enum KeyUsage {
    Encrypt,
    Decrypt,
    Sign,
    Verify,
    DeriveKey,
    DeriveBits,
    WrapKey,
    UnwrapKey,
}

impl KeyUsage {
    /// All there are.
    pub const ALL: [Self; 8] = [
        Self::Encrypt,
        Self::Decrypt,
        Self::Sign,
        Self::Verify,
        Self::DeriveKey,
        Self::DeriveBits,
        Self::WrapKey,
        Self::UnwrapKey,
    ];

    /// The name in the Web Cryptography API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
            Self::Sign => "sign",
            Self::Verify => "verify",
            Self::DeriveKey => "deriveKey",
            Self::DeriveBits => "deriveBits",
            Self::WrapKey => "wrapKey",
            Self::UnwrapKey => "unwrapKey",
        }
    }
}

impl BindingKind {
    /// The kind's name on the wire.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::PlainText { .. } => "plain_text",
            Self::Json { .. } => "json",
            Self::SecretText { .. } => "secret_text",
            Self::SecretsStoreSecret { .. } => "secrets_store_secret",
            Self::SecretKey { .. } => "secret_key",
            Self::Service { .. } => "service",
            Self::Assets {} => "assets",
            Self::VersionMetadata {} => "version_metadata",
            Self::TextBlob { .. } => "text_blob",
            Self::DataBlob { .. } => "data_blob",
            Self::WasmModule { .. } => "wasm_module",
        }
    }

    /// Where the sealed value of a per-Worker secret or key is.
    pub const fn worker_secret(&self) -> Option<WorkerSecretId> {
        match self {
            Self::SecretText { secret } | Self::SecretKey { secret, .. } => Some(*secret),
            _ => None,
        }
    }

    /// The part of the upload that it gives.
    pub const fn part(&self) -> Option<&ModuleName> {
        match self {
            Self::TextBlob { part } | Self::DataBlob { part } | Self::WasmModule { part } => {
                Some(part)
            }
            _ => None,
        }
    }
}
