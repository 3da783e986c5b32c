//! A new version out of the latest, with some of its bindings changed: the way of every edit without code.

use std::collections::BTreeMap;

use coffer_protocol::workers::Version;
use coffer_store::rows::versions::{VersionFacts, VersionRow};
use coffer_types::{BindingName, WorkerName};

use crate::authorize::{EditSettings, Permit};
use crate::engine::Engine;
use crate::error::{Conflict, Result};
use crate::workers::bindings::{Asked, Binds, Inheritance, NewBinding, NewBindingKind, Resolved};
use crate::workers::current::Current;
use crate::workers::formats::Written;
use crate::workers::publish::{Draft, Published};
use crate::workers::versions::create::authored;
use crate::workers::{Annotations, ScriptSettingsChanges};

const TRIGGER: &str = "secret";

/// Changes to the latest version's bindings.
#[derive(Debug, Default)]
pub struct VersionPatch {
    /// What to set or, with `None`, to remove. Removing what is not there changes nothing.
    pub bindings: Vec<(BindingName, Option<NewBindingKind>)>,
    /// What people write on the new version.
    pub annotations: Annotations,
    /// Whether all traffic goes to the new version.
    pub deploy: bool,
    /// Whether that is refused unless all traffic goes to the latest: otherwise code would be deployed too that
    /// was not before, or a gradual deployment would end.
    pub only_if_deployed: bool,
}

impl Engine {
    /// Makes a version out of the latest. Who may only bind secrets of a store may change bindings to these and
    /// nothing else, and deploy it where all traffic goes to the latest.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`], [`crate::Missing::AnyVersion`]; [`crate::Error::BeyondBindings`];
    /// [`crate::Error::Invalid`] for bindings that are refused; [`Conflict::LatestVersionNotDeployed`] where that is
    /// asked for; [`Conflict::WorkerChanged`].
    pub async fn patch_latest_version(
        &self,
        permit: &Permit<EditSettings>,
        name: &WorkerName,
        patch: VersionPatch,
    ) -> Result<Version> {
        let _turn = self.turns.take(permit.account_id(), name).await;
        if let Some(published) = self.published_before(permit).await? {
            return Ok(published.version);
        }
        let (reader, current) = self.current(permit.account_id(), name).await?;
        drop(reader);
        if patch.deploy && patch.only_if_deployed && !current.is_latest_deployed() {
            return Err(Conflict::LatestVersionNotDeployed.into());
        }
        Ok(self.apply_patch(permit, current, patch).await?.version)
    }

    /// The same under a turn that the caller holds.
    pub(in crate::workers) async fn apply_patch<P: Sync>(
        &self,
        permit: &Permit<P>,
        current: Current,
        patch: VersionPatch,
    ) -> Result<Published> {
        let latest = current.latest()?.clone();
        // Code that does not serve yet would come to read what it is bound to.
        let binds = if patch.deploy && !current.serves(latest.id) {
            Binds::All
        } else {
            Binds::Changed
        };
        let new = merged(&latest, patch.bindings);
        let asked = Asked {
            worker_id: current.worker.id,
            worker_name: &current.worker.name,
            previous: &latest.facts.bindings,
            new: &new,
            keep: &[],
            inheritance: Inheritance::Strict,
            binds,
            code: Written {
                format: latest.facts.format,
                modules: &latest.facts.modules,
            },
        };
        let Resolved { bindings, secrets } = self.resolve_bindings(permit, &asked).await?;
        let annotations = patch.annotations.triggered_by(TRIGGER);
        let facts = VersionFacts {
            bindings,
            ..derived(permit, &latest, annotations.clone())
        };
        let draft = Draft {
            worker: current.worker.clone(),
            before: Some(current),
            facts,
            secrets,
            contents: None,
            manifest: None,
            settings: ScriptSettingsChanges::default(),
            binds,
            deploy: patch.deploy.then_some(annotations),
        };
        let published = self.publish(permit, draft).await?;
        if patch.deploy {
            self.await_applied(published.seq).await;
        }
        Ok(published)
    }
}

/// The latest version's bindings with the changes.
fn merged(
    latest: &VersionRow,
    changes: Vec<(BindingName, Option<NewBindingKind>)>,
) -> Vec<NewBinding> {
    let inherited = latest.facts.bindings.iter().map(|binding| {
        let kind = NewBindingKind::Inherit { old_name: None };
        (binding.name.clone(), kind)
    });
    let mut order: Vec<BindingName> = Vec::new();
    let mut kinds: BTreeMap<BindingName, NewBindingKind> = BTreeMap::new();
    for (name, kind) in inherited {
        order.push(name.clone());
        kinds.insert(name, kind);
    }
    for (name, change) in changes {
        match change {
            None => drop(kinds.remove(&name)),
            Some(kind) => {
                if kinds.insert(name.clone(), kind).is_none() {
                    order.push(name);
                }
            }
        }
    }
    let take = |name| {
        let kind = kinds.remove(&name)?;
        Some(NewBinding { name, kind })
    };
    order.into_iter().filter_map(take).collect()
}

/// A version by the caller with the code of another.
pub(in crate::workers) fn derived<P>(
    permit: &Permit<P>,
    latest: &VersionRow,
    annotations: BTreeMap<String, String>,
) -> VersionFacts {
    let VersionFacts {
        source,
        author_id,
        author_email,
        annotations,
        ..
    } = authored(permit, annotations);
    VersionFacts {
        source,
        author_id,
        author_email,
        annotations,
        ..latest.facts.clone()
    }
}
