//! Setting and removing per-Worker secrets: a new version with the same code, deployed at once.

use coffer_crypto::SecretValue;
use coffer_types::{BindingKind, BindingName, WorkerName, limits};

use crate::authorize::{DeployWorkers, Permit};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Missing, Problem, Result};
use crate::workers::bindings::NewBindingKind;
use crate::workers::current::Current;
use crate::workers::versions::VersionPatch;

/// One secret to be set or, without a value, removed.
#[derive(Debug)]
pub struct SecretEdit {
    /// The property of `env`.
    pub name: BindingName,
    /// Its new value.
    pub value: Option<SecretValue>,
}

impl Engine {
    /// Sets and removes several secrets in one version. Removing one that is not there changes nothing.
    ///
    /// # Errors
    /// [`Missing::Worker`]; [`Conflict::LatestVersionNotDeployed`]; [`Error::Invalid`] for too many, a name
    /// that is another binding's, or a value that is too large.
    pub async fn edit_worker_secrets(
        &self,
        permit: &Permit<DeployWorkers>,
        name: &WorkerName,
        edits: Vec<SecretEdit>,
    ) -> Result<()> {
        if edits.len() > limits::MAX_SECRETS_PER_BULK {
            let most = limits::MAX_SECRETS_PER_BULK;
            let problem = Problem::Upload(format!("at most {most} secrets per request"));
            return Err(Error::invalid("/secrets", problem));
        }
        let _turn = self.turns.take(permit.account_id(), name).await;
        if self.published_before(permit).await?.is_some() {
            return Ok(());
        }
        let (reader, current) = self.current(permit.account_id(), name).await?;
        drop(reader);
        self.apply_edits(permit, current, edits).await
    }

    /// Removes one secret.
    ///
    /// # Errors
    /// [`Missing::Worker`], [`Missing::WorkerSecret`], [`Conflict::LatestVersionNotDeployed`].
    pub async fn delete_worker_secret(
        &self,
        permit: &Permit<DeployWorkers>,
        name: &WorkerName,
        secret_name: BindingName,
    ) -> Result<()> {
        let _turn = self.turns.take(permit.account_id(), name).await;
        if self.published_before(permit).await?.is_some() {
            return Ok(());
        }
        let (reader, current) = self.current(permit.account_id(), name).await?;
        drop(reader);
        if kind_of(&current, &secret_name).is_none_or(|kind| !is_secret(kind)) {
            return Err(Missing::WorkerSecret.into());
        }
        let edit = SecretEdit {
            name: secret_name,
            value: None,
        };
        self.apply_edits(permit, current, vec![edit]).await
    }

    async fn apply_edits(
        &self,
        permit: &Permit<DeployWorkers>,
        current: Current,
        edits: Vec<SecretEdit>,
    ) -> Result<()> {
        let latest = current.latest()?;
        let deployed = current
            .active
            .as_ref()
            .is_some_and(|deployment| deployment.split.contains(latest.id));
        if !deployed {
            return Err(Conflict::LatestVersionNotDeployed.into());
        }
        let mut bindings = Vec::with_capacity(edits.len());
        for edit in edits {
            let present = kind_of(&current, &edit.name);
            match (present, edit.value) {
                (Some(kind), _) if !is_secret(kind) => {
                    let rule = format!(
                        "Binding name '{}' already in use. Please use a different name and try again.",
                        edit.name
                    );
                    return Err(Error::invalid("/name", Problem::Upload(rule)));
                }
                (None, None) => {}
                (_, value) => bindings.push((
                    edit.name,
                    value.map(|value| NewBindingKind::SecretText { value }),
                )),
            }
        }
        if bindings.is_empty() {
            return Ok(());
        }
        let patch = VersionPatch {
            bindings,
            deploy: true,
            ..VersionPatch::default()
        };
        self.apply_patch(permit, current, patch).await.map(drop)
    }
}

fn kind_of<'c>(current: &'c Current, name: &BindingName) -> Option<&'c BindingKind> {
    let found = current.bindings().iter().find(|one| one.name == *name);
    found.map(|binding| &binding.kind)
}

const fn is_secret(kind: &BindingKind) -> bool {
    kind.worker_secret().is_some()
}
