//! From bindings as they are asked for to bindings as they are stored.

use std::collections::HashSet;

use coffer_crypto::SecretValue;
use coffer_store::rows::worker_secrets::WorkerSecretRow;
use coffer_store::rows::workers;
use coffer_types::{
    Binding, BindingKind, BindingName, KeyDescription, ModuleName, Owner, Permission, Place,
    SecretName, StoreId, ValueVersion, WorkerId, WorkerName, WorkerSecretId, limits,
};
use serde_json::Value;

use super::formats::Written;
use super::keys::check_key;
use super::store_bindings::check_bindable;
use crate::authorize::Permit;
use crate::engine::Engine;
use crate::error::{Error, Invalid, Problem, Result};

/// A binding as it is asked for.
#[derive(Debug)]
pub struct NewBinding {
    /// The property of `env`.
    pub name: BindingName,
    /// What it should give.
    pub kind: NewBindingKind,
}

/// What a binding should give.
#[derive(Debug)]
pub enum NewBindingKind {
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
    /// A per-Worker secret; the value is gone from memory once it is sealed.
    SecretText {
        /// The value.
        value: SecretValue,
    },
    /// A per-Worker key; its material is gone from memory once it is sealed.
    SecretKey {
        /// How it may be used.
        key: KeyDescription,
        /// Base64, or a JSON web key.
        material: SecretValue,
    },
    /// Another Worker of the account, or the same, named as the client names it.
    Service {
        /// Its name.
        service: String,
    },
    /// The version's own static assets.
    Assets,
    /// Which version this is.
    VersionMetadata,
    /// A part of the upload, in a service worker.
    Part(PartBinding),
    /// A secret of a store, named as the client names it: what is no id or name is not there.
    SecretsStoreSecret {
        /// The store's id.
        store_id: String,
        /// The secret's name in it.
        secret_name: String,
    },
    /// What the latest version has under this name or an older one.
    Inherit {
        /// The older name, if it differs.
        old_name: Option<BindingName>,
    },
}

/// How a service worker is given a part of the upload.
#[derive(Clone, Debug)]
pub enum PartBinding {
    /// As text.
    Text(ModuleName),
    /// As bytes.
    Data(ModuleName),
    /// As a `WebAssembly.Module`.
    Wasm(ModuleName),
}

/// What becomes of an inherited binding that the latest version does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inheritance {
    /// It is refused.
    Strict,
    /// It is left out, as the API does unless asked to be strict.
    Lenient,
}

/// Whose bindings to secrets of a store are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binds {
    /// All: new code reads what it is bound to, so whoever brings the code must be permitted to bind.
    All,
    /// Those that the latest version does not have just so: an edit carries the others over.
    Changed,
}

/// Bindings to be made out of these, for a Worker's new version.
pub(crate) struct Asked<'a> {
    pub(crate) worker_id: WorkerId,
    pub(crate) worker_name: &'a WorkerName,
    /// The latest version's.
    pub(crate) previous: &'a [Binding],
    /// Those asked for.
    pub(crate) new: &'a [NewBinding],
    /// Types of the latest version's bindings that are kept unless one of `new` has their name.
    pub(crate) keep: &'a [String],
    pub(crate) inheritance: Inheritance,
    pub(crate) binds: Binds,
    /// The code that they are for.
    pub(crate) code: Written<'a>,
}

/// Bindings as they are stored, with the sealed values of those that are new.
pub(crate) struct Resolved {
    pub(crate) bindings: Vec<Binding>,
    pub(crate) secrets: Vec<WorkerSecretRow>,
}

impl Engine {
    /// Resolves bindings; every one that is wrong is named.
    pub(crate) async fn resolve_bindings<P: Sync>(
        &self,
        permit: &Permit<P>,
        asked: &Asked<'_>,
    ) -> Result<Resolved> {
        check_names(asked.new)?;
        let mut resolved = Resolved {
            bindings: Vec::with_capacity(asked.new.len()),
            secrets: Vec::new(),
        };
        let mut problems = Vec::new();
        let kept = kept(asked);
        for (index, new) in asked.new.iter().chain(&kept).enumerate() {
            match self.resolve(permit, asked, new, &mut resolved).await? {
                Ok(()) => {}
                Err(problem) => problems.push(Invalid {
                    pointer: format!("/bindings/{index}"),
                    problem,
                }),
            }
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        if resolved.bindings.len() > limits::MAX_BINDINGS_PER_VERSION {
            let rule = format!(
                "a version has at most {} bindings, this one would have {}",
                limits::MAX_BINDINGS_PER_VERSION,
                resolved.bindings.len()
            );
            return Err(Error::invalid("/bindings", Problem::Upload(rule)));
        }
        Ok(resolved)
    }

    /// Adds one binding to what is resolved, unless there is a problem with it.
    async fn resolve<P: Sync>(
        &self,
        permit: &Permit<P>,
        asked: &Asked<'_>,
        new: &NewBinding,
        resolved: &mut Resolved,
    ) -> Result<Result<(), Problem>> {
        let kind = match &new.kind {
            NewBindingKind::PlainText { text } => check_size(&new.name, text.len())
                .map(|()| BindingKind::PlainText { text: text.clone() }),
            NewBindingKind::Json { json } => check_size(&new.name, json.to_string().len())
                .map(|()| BindingKind::Json { json: json.clone() }),
            NewBindingKind::SecretText { value } => match check_size(&new.name, value.len()) {
                Ok(()) => {
                    let secret = self.seal_worker_secret(permit, asked.worker_id, value)?;
                    let kind = BindingKind::SecretText { secret: secret.id };
                    resolved.secrets.push(secret);
                    Ok(kind)
                }
                Err(problem) => Err(problem),
            },
            NewBindingKind::SecretKey { key, material } => {
                let checked = check_size(&new.name, material.len())
                    .and_then(|()| check_key(&new.name, key, material));
                match checked {
                    Ok(()) => {
                        let secret = self.seal_worker_secret(permit, asked.worker_id, material)?;
                        let kind = BindingKind::SecretKey {
                            secret: secret.id,
                            key: key.clone(),
                        };
                        resolved.secrets.push(secret);
                        Ok(kind)
                    }
                    Err(problem) => Err(problem),
                }
            }
            NewBindingKind::Service { service } => {
                self.bind_service(permit, asked, &new.name, service).await?
            }
            NewBindingKind::Assets => Ok(BindingKind::Assets {}),
            NewBindingKind::VersionMetadata => Ok(BindingKind::VersionMetadata {}),
            NewBindingKind::Part(part) => Ok(match part.clone() {
                PartBinding::Text(part) => BindingKind::TextBlob { part },
                PartBinding::Data(part) => BindingKind::DataBlob { part },
                PartBinding::Wasm(part) => BindingKind::WasmModule { part },
            }),
            NewBindingKind::SecretsStoreSecret {
                store_id,
                secret_name,
            } => {
                self.bind_store_secret(permit, asked, &new.name, store_id, secret_name)
                    .await?
            }
            NewBindingKind::Inherit { old_name } => {
                let old_name = old_name.as_ref().unwrap_or(&new.name);
                match asked.previous.iter().find(|other| other.name == *old_name) {
                    None if asked.inheritance == Inheritance::Lenient => return Ok(Ok(())),
                    None => Err(Problem::InheritMissing(new.name.to_string())),
                    Some(found) => self.inherit(permit, asked, new, found).await?,
                }
            }
        };
        Ok(kind.and_then(|kind| {
            asked.code.check(&new.name, &kind)?;
            resolved.bindings.push(Binding {
                name: new.name.clone(),
                kind,
            });
            Ok(())
        }))
    }

    /// A binding to a Worker of the account: one that is there, or the one that is being made.
    async fn bind_service<P: Sync>(
        &self,
        permit: &Permit<P>,
        asked: &Asked<'_>,
        name: &BindingName,
        service: &str,
    ) -> Result<Result<BindingKind, Problem>> {
        let Ok(service) = service.parse::<WorkerName>() else {
            return Ok(Err(Problem::ServiceMissing {
                binding: name.to_string(),
                service: nameless(),
            }));
        };
        // Who develops one Worker need not have the others: a call of one that is away fails.
        let is_there = self.is_local || service == *asked.worker_name || {
            let mut reader = self.store.reader().await?;
            workers::with_name(&mut reader, permit.account_id(), &service)
                .await?
                .is_some()
        };
        Ok(if is_there {
            Ok(BindingKind::Service { service })
        } else {
            Err(Problem::ServiceMissing {
                binding: name.to_string(),
                service: service.to_string(),
            })
        })
    }

    fn seal_worker_secret<P>(
        &self,
        permit: &Permit<P>,
        worker_id: WorkerId,
        value: &SecretValue,
    ) -> Result<WorkerSecretRow> {
        let id = WorkerSecretId::random(self.random.as_ref());
        let place = Place {
            account_id: permit.account_id(),
            owner: Owner::Worker(worker_id, id),
            value_version: ValueVersion::FIRST,
        };
        let sealed = self.sealer.seal(&permit.account().keys, &place, value)?;
        Ok(WorkerSecretRow { id, sealed })
    }

    async fn inherit<P: Sync>(
        &self,
        permit: &Permit<P>,
        asked: &Asked<'_>,
        new: &NewBinding,
        found: &Binding,
    ) -> Result<Result<BindingKind, Problem>> {
        match &found.kind {
            BindingKind::SecretsStoreSecret {
                store_id,
                secret_name,
            } if asked.binds == Binds::All => {
                self.bind_store_secret(
                    permit,
                    asked,
                    &new.name,
                    &store_id.to_string(),
                    secret_name.as_str(),
                )
                .await
            }
            kind => Ok(Ok(kind.clone())),
        }
    }

    /// A binding to a secret of a store, if the secret is there for Workers and the caller may bind it.
    /// Whether it is there is not told to who may not bind.
    async fn bind_store_secret<P: Sync>(
        &self,
        permit: &Permit<P>,
        asked: &Asked<'_>,
        name: &BindingName,
        store_text: &str,
        secret_text: &str,
    ) -> Result<Result<BindingKind, Problem>> {
        let store_id = store_text.parse::<StoreId>().ok();
        let secret_name = secret_text.parse::<SecretName>().ok();
        let (Some(store_id), Some(secret_name)) = (store_id, &secret_name) else {
            if !permit.also_permits(Permission::BindSecrets) {
                return Ok(Err(Problem::SecretBindingUnauthorized));
            }
            // A text that can name nothing is not quoted: it may be a value in the wrong place.
            return Ok(Err(Problem::SecretBindingMissing {
                binding: name.to_string(),
                store: store_id.map_or_else(nameless, |id| id.to_string()),
                secret: secret_name.map_or_else(nameless, |name| name.to_string()),
            }));
        };
        let kind = BindingKind::SecretsStoreSecret {
            store_id,
            secret_name: secret_name.clone(),
        };
        let carried_over = asked.binds == Binds::Changed
            && asked
                .previous
                .iter()
                .any(|other| other.name == *name && other.kind == kind);
        if carried_over || self.is_local {
            return Ok(Ok(kind));
        }
        let mut reader = self.store.reader().await?;
        let checked = check_bindable(&mut reader, permit, name, store_id, secret_name).await?;
        Ok(checked.map(|()| kind))
    }
}

/// The latest version's bindings of the types to be kept whose names are free.
fn kept(asked: &Asked<'_>) -> Vec<NewBinding> {
    // What an inherited binding was called before is not kept beside its new name.
    let taken: HashSet<&BindingName> = asked
        .new
        .iter()
        .flat_map(|new| match &new.kind {
            NewBindingKind::Inherit {
                old_name: Some(old_name),
            } => [Some(&new.name), Some(old_name)],
            _ => [Some(&new.name), None],
        })
        .flatten()
        .collect();
    let is_kept = |binding: &&Binding| {
        let kind = binding.kind.type_name();
        asked.keep.iter().any(|kept| kept == kind) && !taken.contains(&binding.name)
    };
    let inherited = |binding: &Binding| NewBinding {
        name: binding.name.clone(),
        kind: NewBindingKind::Inherit { old_name: None },
    };
    asked
        .previous
        .iter()
        .filter(is_kept)
        .map(inherited)
        .collect()
}

fn check_names(new: &[NewBinding]) -> Result<()> {
    let mut names = HashSet::new();
    match new.iter().position(|one| !names.insert(&one.name)) {
        None => Ok(()),
        Some(index) => {
            let rule = format!("binding {} appears more than once", new[index].name);
            Err(Error::invalid(
                format!("/bindings/{index}/name"),
                Problem::Upload(rule),
            ))
        }
    }
}

fn check_size(name: &BindingName, bytes: usize) -> Result<(), Problem> {
    if bytes > limits::MAX_VARIABLE_BYTES {
        return Err(Problem::VariableTooLarge {
            name: name.clone(),
            bytes,
            limit: limits::MAX_VARIABLE_BYTES,
        });
    }
    Ok(())
}

fn nameless() -> String {
    "(not a name)".to_owned()
}
