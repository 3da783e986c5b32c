//! Editing a Worker's settings and bindings without new code.

use coffer_protocol::workers::Settings;
use coffer_store::rows::versions::{VersionFacts, VersionRow};
use coffer_types::WorkerName;
use serde_json::Value;

use crate::authorize::{EditSettings, Permit};
use crate::engine::Engine;
use crate::error::{Conflict, Result};
use crate::workers::bindings::{Asked, Binds, Inheritance, NewBinding, Resolved};
use crate::workers::current::Current;
use crate::workers::formats::Written;
use crate::workers::publish::Draft;
use crate::workers::versions::derived;
use crate::workers::{Annotations, Compatibility, ScriptSettingsChanges};

const TRIGGER: &str = "settings";

/// What to change; `None` leaves a part as it is.
#[derive(Debug, Default)]
pub struct SettingsChanges {
    /// All bindings from now on.
    pub bindings: Option<Vec<NewBinding>>,
    /// The date that fixes the behaviour.
    pub compatibility_date: Option<String>,
    /// Exceptions to that date.
    pub compatibility_flags: Option<Vec<String>>,
    /// `limits`.
    pub limits: Option<Value>,
    /// `placement`.
    pub placement: Option<Value>,
    /// What people write on the new version.
    pub annotations: Annotations,
    /// What is not part of a version.
    pub script: ScriptSettingsChanges,
}

impl Engine {
    /// Edits settings and bindings: a new version with the same code, deployed at once. Who may deploy may
    /// edit all; who may only edit or bind secrets of a store may change bindings to these and nothing else.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`]; [`crate::Error::BeyondBindings`]; [`Conflict::LatestVersionNotDeployed`];
    /// [`crate::Error::Invalid`] for bindings that are refused.
    pub async fn edit_settings(
        &self,
        permit: &Permit<EditSettings>,
        name: &WorkerName,
        changes: SettingsChanges,
    ) -> Result<Settings> {
        let _turn = self.turns.take(permit.account_id(), name).await;
        if let Some(published) = self.published_before(permit).await? {
            return Ok(published.settings);
        }
        let (reader, current) = self.current(permit.account_id(), name).await?;
        drop(reader);
        let latest = current.latest()?.clone();
        check_deployed(&current)?;
        let draft = self
            .settings_draft(permit, current, &latest, changes)
            .await?;
        let published = self.publish(permit, draft).await?;
        self.await_applied(published.seq).await;
        Ok(published.settings)
    }

    async fn settings_draft(
        &self,
        permit: &Permit<EditSettings>,
        current: Current,
        latest: &VersionRow,
        changes: SettingsChanges,
    ) -> Result<Draft> {
        let resolved = match &changes.bindings {
            None => Resolved {
                bindings: latest.facts.bindings.clone(),
                secrets: Vec::new(),
            },
            Some(new) => {
                let asked = Asked {
                    worker_id: current.worker.id,
                    worker_name: &current.worker.name,
                    previous: &latest.facts.bindings,
                    new,
                    keep: &[],
                    inheritance: Inheritance::Strict,
                    binds: Binds::Changed,
                    code: Written {
                        format: latest.facts.format,
                        modules: &latest.facts.modules,
                    },
                };
                self.resolve_bindings(permit, &asked).await?
            }
        };
        let annotations = changes.annotations.triggered_by(TRIGGER);
        let mut facts = VersionFacts {
            bindings: resolved.bindings,
            ..derived(permit, latest, annotations.clone())
        };
        let compatibility = Compatibility::parse(
            changes.compatibility_date.or(facts.compatibility_date),
            changes
                .compatibility_flags
                .unwrap_or(facts.compatibility_flags),
        )?;
        facts.compatibility_date = compatibility.date;
        facts.compatibility_flags = compatibility.flags;
        facts.limits = changes.limits.or(facts.limits);
        facts.placement = changes.placement.or(facts.placement);
        Ok(Draft {
            worker: current.worker.clone(),
            before: Some(current),
            facts,
            secrets: resolved.secrets,
            contents: None,
            manifest: None,
            settings: changes.script,
            binds: Binds::Changed,
            deploy: Some(annotations),
        })
    }
}

/// An edit sends all traffic to the version that it makes, so all must go to the latest already: dividing
/// traffic is for who may deploy.
fn check_deployed(current: &Current) -> Result<()> {
    if current.is_latest_deployed() {
        Ok(())
    } else {
        Err(Conflict::LatestVersionNotDeployed.into())
    }
}
