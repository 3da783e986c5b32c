//! Uploading a version without deploying it.

use std::collections::BTreeMap;

use coffer_protocol::workers::Version;
use coffer_store::rows::versions::VersionFacts;
use coffer_store::rows::workers::WorkerRow;
use coffer_types::{Format, WorkerName};
use serde_json::Value;

use crate::authorize::{EditSettings, Permit};
use crate::engine::Engine;
use crate::error::Result;
use crate::workers::bindings::{Asked, Binds, Inheritance, NewBinding, Resolved};
use crate::workers::current::Current;
use crate::workers::publish::Draft;
use crate::workers::{Annotations, Code, Compatibility, ScriptSettingsChanges};

const TRIGGER: &str = "version_upload";

/// A version to be made of new code.
#[derive(Debug)]
pub struct NewVersion {
    /// Its code.
    pub code: Code,
    /// Its bindings.
    pub bindings: Vec<NewBinding>,
    /// Types of the latest version's bindings that are kept.
    pub keep_bindings: Vec<String>,
    /// Whether an inherited binding that is not there is refused instead of left out.
    pub strict_inheritance: bool,
    /// The date and flags that fix its behaviour.
    pub compatibility: Compatibility,
    /// What people write on it.
    pub annotations: Annotations,
    /// `limits`, kept and returned.
    pub limits: Option<Value>,
    /// `placement`, kept and returned.
    pub placement: Option<Value>,
}

impl Engine {
    /// Makes a version of a Worker. No traffic goes to it before it is deployed. Who may only bind secrets of a store
    /// may upload the latest version with other bindings to these and nothing else.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`]; [`crate::Error::BeyondBindings`]; [`crate::Error::Invalid`] for bindings or code that is refused;
    /// [`crate::Conflict::WorkerChanged`].
    pub async fn create_version(
        &self,
        permit: &Permit<EditSettings>,
        name: &WorkerName,
        new: NewVersion,
    ) -> Result<Version> {
        let _turn = self.turns.take(permit.account_id(), name).await;
        if let Some(published) = self.published_before(permit).await? {
            return Ok(published.version);
        }
        let (reader, current) = self.current(permit.account_id(), name).await?;
        drop(reader);
        let worker = current.worker.clone();
        let draft = self
            .draft_of_upload(permit, worker, Some(current), new, TRIGGER)
            .await?;
        Ok(self.publish(permit, draft).await?.version)
    }

    /// The version that an upload asks for, not deployed.
    pub(in crate::workers) async fn draft_of_upload(
        &self,
        permit: &Permit<EditSettings>,
        worker: WorkerRow,
        before: Option<Current>,
        new: NewVersion,
        trigger: &str,
    ) -> Result<Draft> {
        let asked = Asked {
            worker_id: worker.id,
            previous: before.as_ref().map_or(&[], Current::bindings),
            new: &new.bindings,
            keep: &new.keep_bindings,
            inheritance: if new.strict_inheritance {
                Inheritance::Strict
            } else {
                Inheritance::Lenient
            },
            binds: Binds::All,
        };
        let Resolved { bindings, secrets } = self.resolve_bindings(permit, &asked).await?;
        let facts = VersionFacts {
            main_module: Some(new.code.main_module().clone()),
            modules: new.code.modules().to_vec(),
            bindings,
            compatibility_date: new.compatibility.date,
            compatibility_flags: new.compatibility.flags,
            etag: new.code.etag().to_owned(),
            limits: new.limits,
            placement: new.placement,
            ..authored(permit, new.annotations.triggered_by(trigger))
        };
        Ok(Draft {
            worker,
            before,
            facts,
            secrets,
            contents: Some(new.code.contents().to_vec()),
            settings: ScriptSettingsChanges::default(),
            binds: Binds::All,
            deploy: None,
        })
    }
}

/// A version by the caller, of nothing yet.
pub(in crate::workers) fn authored<P>(
    permit: &Permit<P>,
    annotations: BTreeMap<String, String>,
) -> VersionFacts {
    VersionFacts {
        main_module: None,
        modules: Vec::new(),
        bindings: Vec::new(),
        compatibility_date: None,
        compatibility_flags: Vec::new(),
        annotations,
        source: permit.caller.request.source.to_owned(),
        author_id: permit.caller.actor.id(),
        author_email: permit.caller.actor.email(),
        etag: String::new(),
        handlers: Vec::new(),
        startup_time_ms: 0,
        limits: None,
        placement: None,
        format: Format::Modules,
        assets: None,
    }
}
