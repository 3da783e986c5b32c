//! A binding as lists show it. None of them has a secret's value.

use coffer_protocol::workers::{BindingShape, BindingShapeKind};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// A binding as lists show it.
#[derive(Debug)]
pub(super) struct BindingLine {
    /// The property of `env`.
    pub(super) name: String,
    /// What it is, in a word or two.
    pub(super) kind: &'static str,
    /// What it gives, as far as it can be told.
    pub(super) detail: String,
    /// Whether its value can never be read.
    pub(super) encrypted: bool,
    /// Whether it is a variable or a secret of the Worker's own.
    pub(super) variable: bool,
    /// Whether it is to a secret of a store.
    pub(super) of_store: bool,
}

impl From<&BindingShape> for BindingLine {
    fn from(binding: &BindingShape) -> Self {
        let nothing = String::new();
        let (kind, detail) = match &binding.kind {
            BindingShapeKind::PlainText { text } => ("Text", text.clone()),
            BindingShapeKind::Json { json } => ("JSON", json.to_string()),
            BindingShapeKind::SecretText {} => ("Secret", nothing),
            BindingShapeKind::SecretKey { .. } => ("Secret key", nothing),
            BindingShapeKind::SecretsStoreSecret { secret_name, .. } => {
                ("Secrets Store", secret_name.to_string())
            }
            BindingShapeKind::Service { service } => ("Service", service.to_string()),
            BindingShapeKind::Assets {} => ("Static assets", nothing),
            BindingShapeKind::VersionMetadata {} => ("Version metadata", nothing),
            BindingShapeKind::TextBlob { part } => ("Text blob", part.to_string()),
            BindingShapeKind::DataBlob { part } => ("Data blob", part.to_string()),
            BindingShapeKind::WasmModule { part } => ("WebAssembly", part.to_string()),
        };
        let encrypted = matches!(
            binding.kind,
            BindingShapeKind::SecretText {} | BindingShapeKind::SecretKey { .. }
        );
        Self {
            name: binding.name.to_string(),
            kind,
            detail,
            encrypted,
            variable: encrypted
                || matches!(
                    binding.kind,
                    BindingShapeKind::PlainText { .. } | BindingShapeKind::Json { .. }
                ),
            of_store: matches!(binding.kind, BindingShapeKind::SecretsStoreSecret { .. }),
        }
    }
}

impl BindingLine {
    /// Whether it is a text that everyone who may view the Worker can read.
    pub(super) fn is_text(&self) -> bool {
        self.kind == "Text"
    }

    /// Its name as a part of an address.
    pub(super) fn encoded_name(&self) -> String {
        utf8_percent_encode(&self.name, NON_ALPHANUMERIC).to_string()
    }

    /// Whether it can be edited in a form.
    pub(super) fn is_editable(&self) -> bool {
        matches!(self.kind, "Text" | "JSON" | "Secret")
    }
}
