//! What `env` holds, as it is uploaded.

use std::path::PathBuf;

use coffer_wrangler_config::{Config, Json};
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use crate::api::Part;
use crate::failure::Failure;

/// A name with what it gives.
#[derive(Serialize)]
pub(crate) struct Binding {
    /// The property of `env`.
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) kind: BindingKind,
}

/// What a binding gives.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum BindingKind {
    PlainText {
        text: String,
    },
    Json {
        json: Json,
    },
    SecretText {
        #[serde(serialize_with = "exposed")]
        text: Zeroizing<String>,
    },
    SecretsStoreSecret {
        store_id: String,
        secret_name: String,
    },
    Service {
        service: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        environment: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        entrypoint: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        props: Option<Json>,
    },
    Assets {},
    VersionMetadata {},
    TextBlob {
        part: String,
        #[serde(skip)]
        path: PathBuf,
    },
    DataBlob {
        part: String,
        #[serde(skip)]
        path: PathBuf,
    },
    WasmModule {
        part: String,
        #[serde(skip)]
        path: PathBuf,
    },
}

impl std::fmt::Debug for Binding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Binding")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Binding {
    /// A variable: text stays text, anything else is JSON.
    pub(crate) fn variable(name: &str, value: &Json) -> Self {
        let kind = match value {
            Json::Text(text) => BindingKind::PlainText { text: text.clone() },
            other => BindingKind::Json {
                json: other.clone(),
            },
        };
        Self {
            name: name.to_owned(),
            kind,
        }
    }

    /// A secret of the Worker.
    pub(crate) fn secret(name: &str, text: Zeroizing<String>) -> Self {
        Self {
            name: name.to_owned(),
            kind: BindingKind::SecretText { text },
        }
    }
}

/// The bindings that a configuration names, in its order.
pub(crate) fn of_config(config: &Config) -> Vec<Binding> {
    let mut bindings: Vec<_> = config
        .vars
        .iter()
        .map(|variable| Binding::variable(&variable.name, &variable.value))
        .collect();
    let mut add = |name: &str, kind| {
        bindings.push(Binding {
            name: name.to_owned(),
            kind,
        });
    };
    for secret in &config.secrets_store_secrets {
        let kind = BindingKind::SecretsStoreSecret {
            store_id: secret.store_id.clone(),
            secret_name: secret.secret_name.clone(),
        };
        add(&secret.binding, kind);
    }
    for service in &config.services {
        let kind = BindingKind::Service {
            service: service.service.clone(),
            environment: service.environment.clone(),
            entrypoint: service.entrypoint.clone(),
            props: service.props.clone(),
        };
        add(&service.binding, kind);
    }
    if let Some(binding) = config
        .assets
        .as_ref()
        .and_then(|assets| assets.binding.as_ref())
    {
        add(binding, BindingKind::Assets {});
    }
    if let Some(binding) = &config.version_metadata {
        add(binding, BindingKind::VersionMetadata {});
    }
    // A part is named by its binding: two files may have one name.
    for blob in &config.text_blobs {
        let (part, path) = (format!("__text_{}", blob.binding), blob.path.clone());
        add(&blob.binding, BindingKind::TextBlob { part, path });
    }
    for blob in &config.data_blobs {
        let (part, path) = (format!("__data_{}", blob.binding), blob.path.clone());
        add(&blob.binding, BindingKind::DataBlob { part, path });
    }
    for module in &config.wasm_modules {
        let (part, path) = (format!("__wasm_{}", module.binding), module.path.clone());
        add(&module.binding, BindingKind::WasmModule { part, path });
    }
    bindings
}

/// The files that bindings give, as parts of the form.
pub(super) fn parts(bindings: &[Binding]) -> Result<Vec<Part>, Failure> {
    let files = bindings.iter().filter_map(|binding| match &binding.kind {
        BindingKind::TextBlob { part, path } => Some((part, path, "text/plain")),
        BindingKind::DataBlob { part, path } => Some((part, path, "application/octet-stream")),
        BindingKind::WasmModule { part, path } => Some((part, path, "application/wasm")),
        _ => None,
    });
    let read = files.map(|(part, path, media_type)| {
        let content = std::fs::read(path).map_err(|error| {
            Failure::usage(format!("failed to read {}: {error}", path.display()))
        })?;
        Ok(Part {
            name: part.clone(),
            file_name: Some(part.clone()),
            content_type: Some(media_type.to_owned()),
            content: Zeroizing::new(content),
        })
    });
    read.collect()
}

fn exposed<S: Serializer>(text: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}
