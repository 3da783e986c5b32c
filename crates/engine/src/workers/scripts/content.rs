//! Replacing a Worker's code and nothing else of it.

use coffer_store::rows::versions::{VersionFacts, VersionRow};
use coffer_types::WorkerName;

use crate::authorize::{DeployWorkers, Permit};
use crate::engine::Engine;
use crate::error::Result;
use crate::workers::bindings::{Asked, Binds, Inheritance, NewBinding, Resolved};
use crate::workers::current::Current;
use crate::workers::formats::Written;
use crate::workers::publish::{Draft, Published};
use crate::workers::scripts::upload::{MESSAGE, TRIGGER};
use crate::workers::versions::derived;
use crate::workers::{Annotations, Code, NewBindingKind, ScriptSettingsChanges};

impl Engine {
    /// Makes a version of this code with everything else of the newest, and sends all traffic to it. Waits a moment
    /// for the edges to serve it.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`], [`crate::Missing::AnyVersion`]; [`crate::Error::Invalid`] for code that is refused,
    /// or if it lacks a part that a binding gives; [`crate::Conflict::WorkerChanged`].
    pub async fn replace_content(
        &self,
        permit: &Permit<DeployWorkers>,
        name: &WorkerName,
        code: Code,
    ) -> Result<Published> {
        let _turn = self.turns.take(permit.account_id(), name).await;
        if let Some(published) = self.published_before(permit).await? {
            return Ok(published);
        }
        let (reader, current) = self.current(permit.account_id(), name).await?;
        drop(reader);
        let draft = self.draft_of_content(permit, current, &code).await?;
        let published = self.publish(permit, draft).await?;
        self.await_applied(published.seq).await;
        Ok(published)
    }

    async fn draft_of_content(
        &self,
        permit: &Permit<DeployWorkers>,
        current: Current,
        code: &Code,
    ) -> Result<Draft> {
        let latest = current.latest()?.clone();
        let asked = Asked {
            worker_id: current.worker.id,
            worker_name: &current.worker.name,
            previous: &latest.facts.bindings,
            new: &inherited(&latest),
            keep: &[],
            inheritance: Inheritance::Strict,
            binds: Binds::All,
            code: Written {
                format: code.format(),
                modules: code.modules(),
            },
        };
        let Resolved { bindings, secrets } = self.resolve_bindings(permit, &asked).await?;
        let annotations = Annotations::default().or_message(MESSAGE);
        let annotations = annotations.triggered_by(TRIGGER);
        let facts = VersionFacts {
            main_module: code.main_module().cloned(),
            modules: code.modules().to_vec(),
            etag: code.etag().to_owned(),
            format: code.format(),
            bindings,
            ..derived(
                permit,
                &latest,
                Annotations::default().triggered_by(TRIGGER),
            )
        };
        Ok(Draft {
            worker: current.worker.clone(),
            before: Some(current),
            facts,
            secrets,
            contents: Some(code.contents().to_vec()),
            manifest: None,
            settings: ScriptSettingsChanges::default(),
            binds: Binds::All,
            deploy: Some(annotations),
        })
    }
}

fn inherited(latest: &VersionRow) -> Vec<NewBinding> {
    let bindings = latest.facts.bindings.iter();
    let inherit = bindings.map(|binding| NewBinding {
        name: binding.name.clone(),
        kind: NewBindingKind::Inherit { old_name: None },
    });
    inherit.collect()
}
