//! What is in a Worker's `env`, and of which type.

use coffer_wrangler_config::{Config, ServiceBinding};
use serde::Serialize;

use super::document::Document;
use super::entry::specifier;
use super::literal::{comment, kind, literal};

/// The configuration of one environment, and the names of its secrets.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) config: Config,
    pub(super) secrets: Vec<String>,
}

/// A member of `env`.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) kind: String,
    /// Whether it is a variable or secret, and so is in `process.env`, too.
    pub(super) is_text: bool,
}

/// A member of the interface: of all environments together.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Shown {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// Whether every environment has it.
    pub(super) required: bool,
    #[serde(skip)]
    pub(super) is_text: bool,
}

impl Document<'_> {
    /// The members of one environment.
    pub(super) fn members_of(&self, scope: &Scope) -> Vec<Member> {
        let config = &scope.config;
        let mut members = Vec::new();
        let mut add = |name: &str, kind: String, is_text| {
            members.push(Member {
                name: name.to_owned(),
                kind,
                is_text,
            });
        };
        for secret in &config.secrets_store_secrets {
            add(&secret.binding, "SecretsStoreSecret".to_owned(), false);
        }
        if let Some(name) = &config.version_metadata {
            add(name, "WorkerVersionMetadata".to_owned(), false);
        }
        let assets = config.assets.as_ref();
        if let Some(name) = assets.and_then(|assets| assets.binding.as_ref()) {
            add(name, "Fetcher".to_owned(), false);
        }
        // A secret counts more than a variable of its name.
        for variable in &config.vars {
            if !scope.secrets.contains(&variable.name) {
                let value = &variable.value;
                let written = if self.strict {
                    literal(value)
                } else {
                    kind(value)
                };
                add(&variable.name, written, true);
            }
        }
        for name in &scope.secrets {
            add(name, "string".to_owned(), true);
        }
        for service in &config.services {
            add(&service.binding, self.service(service), false);
        }
        members
    }

    /// Another Worker, or an entrypoint of this one, whose methods are known.
    fn service(&self, service: &ServiceBinding) -> String {
        let name = &service.service;
        let export = service.entrypoint.as_deref().unwrap_or("default");
        let own = self.entry.as_ref().filter(|entry| {
            entry.worker.as_deref() == Some(name.as_str()) && entry.exports(export)
        });
        match (own, &service.entrypoint) {
            (Some(entry), _) => {
                let from = specifier(self.directory, &entry.path);
                format!("Service<typeof import({from}).{export}>")
            }
            (None, Some(entrypoint)) => {
                let (entrypoint, name) = (comment(entrypoint), comment(name));
                format!("Service /* entrypoint {entrypoint} from {name} */")
            }
            (None, None) => format!("Fetcher /* {} */", comment(name)),
        }
    }

    /// The members of all environments together: the types that a name has in one or the other.
    pub(super) fn members(&self, scopes: &[Scope]) -> Vec<Shown> {
        let mut all: Vec<(Shown, Vec<String>, usize)> = Vec::new();
        for scope in scopes {
            for member in self.members_of(scope) {
                let known = all.iter_mut().find(|one| one.0.name == member.name);
                if let Some((shown, kinds, count)) = known {
                    *count += 1;
                    shown.is_text |= member.is_text;
                    if !kinds.contains(&member.kind) {
                        kinds.push(member.kind);
                    }
                } else {
                    let shown = Shown {
                        name: member.name,
                        kind: String::new(),
                        required: false,
                        is_text: member.is_text,
                    };
                    all.push((shown, vec![member.kind], 1));
                }
            }
        }
        let mut shown: Vec<_> = all
            .into_iter()
            .map(|(shown, kinds, count)| Shown {
                kind: kinds.join(" | "),
                required: count == scopes.len(),
                ..shown
            })
            .collect();
        if let Some(scope) = scopes.last() {
            shown.extend(parts(&scope.config, self.is_script()));
        }
        shown
    }
}

/// Files that are bound as they are, in every environment; compiled code only in scripts.
fn parts(config: &Config, is_script: bool) -> Vec<Shown> {
    let wasm = if is_script {
        config.wasm_modules.as_slice()
    } else {
        &[]
    };
    let all = [
        (config.data_blobs.as_slice(), "ArrayBuffer"),
        (config.text_blobs.as_slice(), "string"),
        (wasm, "WebAssembly.Module"),
    ];
    let each = all.into_iter().flat_map(|(parts, kind)| {
        parts.iter().map(move |part| Shown {
            name: part.binding.clone(),
            kind: kind.to_owned(),
            required: true,
            is_text: false,
        })
    });
    each.collect()
}
