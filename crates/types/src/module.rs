//! The files a version of a Worker is made of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::ModuleName;

/// The SHA-256 of a blob's content: its address in storage.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, hex::FromHexError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// How the runtime reads a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModuleKind {
    /// An ECMAScript module: `application/javascript+module`.
    EsModule,
    /// A CommonJS module: `application/javascript`.
    CommonJs,
    /// Text, the default export: `text/plain`.
    Text,
    /// JSON, parsed, the default export: `application/json`.
    Json,
    /// WebAssembly, a `WebAssembly.Module`: `application/wasm`.
    Wasm,
    /// Bytes, an `ArrayBuffer`: `application/octet-stream`.
    Data,
    /// A source map: kept for stack traces, not loaded by the runtime: `application/source-map`.
    SourceMap,
}

impl ModuleKind {
    /// The kind that this media type (parameters ignored) names in an upload, if Coffer runs it.
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        Some(match essence {
            "application/javascript+module" | "text/javascript+module" => Self::EsModule,
            "application/javascript" | "text/javascript" => Self::CommonJs,
            "text/plain" => Self::Text,
            "application/json" => Self::Json,
            "application/wasm" => Self::Wasm,
            "application/octet-stream" => Self::Data,
            "application/source-map" => Self::SourceMap,
            _ => return None,
        })
    }

    /// The media type of this kind in an upload.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::EsModule => "application/javascript+module",
            Self::CommonJs => "application/javascript",
            Self::Text => "text/plain",
            Self::Json => "application/json",
            Self::Wasm => "application/wasm",
            Self::Data => "application/octet-stream",
            Self::SourceMap => "application/source-map",
        }
    }
}

/// How a version's code is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// ECMAScript modules, whose main one exports handlers.
    #[default]
    Modules,
    /// One script that calls `addEventListener`; its bindings are global variables.
    ServiceWorker,
}

/// One module of a version; its content is the blob with this digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// The name that other modules import it by.
    pub name: ModuleName,
    /// How the runtime reads it.
    pub kind: ModuleKind,
    /// The address of its content.
    pub digest: Digest,
    /// Its content's length in bytes.
    pub size: u64,
}
