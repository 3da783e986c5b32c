//! Uploading a version without deploying it.

use std::collections::BTreeMap;

use coffer_protocol::workers::Version;
use coffer_store::rows::versions::VersionFacts;
use coffer_store::rows::workers::WorkerRow;
use coffer_types::assets::RunWorkerFirst;
use coffer_types::{Assets, Binding, BindingKind, Format, WorkerName};
use serde_json::Value;

use crate::assets::{NewAssets, VersionAssets};
use crate::authorize::{EditSettings, Permit};
use crate::engine::Engine;
use crate::error::{Error, Problem, Result};
use crate::workers::bindings::{Asked, Binds, Inheritance, NewBinding, Resolved};
use crate::workers::current::Current;
use crate::workers::formats::Written;
use crate::workers::publish::Draft;
use crate::workers::{Annotations, Code, Compatibility, ScriptSettingsChanges};

const TRIGGER: &str = "version_upload";
const DEPLOYMENT_TRIGGER: &str = "deployment";

/// A version to be made of new code.
#[derive(Debug)]
pub struct NewVersion {
    /// Its code; `None` if it is only static assets.
    pub code: Option<Code>,
    /// Its static assets.
    pub assets: Option<NewAssets>,
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

    /// The same, and sends all traffic to it at once.
    ///
    /// # Errors
    /// As [`create_version`](Self::create_version).
    pub async fn deploy_new_version(
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
        let annotations = new.annotations.clone();
        let mut draft = self
            .draft_of_upload(permit, worker, Some(current), new, TRIGGER)
            .await?;
        draft.deploy = Some(annotations.triggered_by(DEPLOYMENT_TRIGGER));
        let published = self.publish(permit, draft).await?;
        self.await_applied(published.seq).await;
        Ok(published.version)
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
        let previous = before.as_ref().and_then(|current| current.latest.as_ref());
        let previous = previous.and_then(|latest| latest.facts.assets.as_ref());
        let VersionAssets { assets, manifest } = self
            .version_assets(permit.account_id(), &worker.name, new.assets, previous)
            .await?;
        let code = new_code(new.code, assets.as_ref())?;
        let asked = Asked {
            worker_id: worker.id,
            worker_name: &worker.name,
            previous: before.as_ref().map_or(&[], Current::bindings),
            new: &new.bindings,
            keep: &new.keep_bindings,
            inheritance: if new.strict_inheritance {
                Inheritance::Strict
            } else {
                Inheritance::Lenient
            },
            binds: Binds::All,
            code: Written {
                format: code.format(),
                modules: code.modules(),
            },
        };
        let Resolved { bindings, secrets } = self.resolve_bindings(permit, &asked).await?;
        check_asset_bindings(&bindings, assets.as_ref())?;
        let facts = VersionFacts {
            main_module: code.main_module().cloned(),
            modules: code.modules().to_vec(),
            assets,
            bindings,
            compatibility_date: new.compatibility.date,
            compatibility_flags: new.compatibility.flags,
            etag: code.etag().to_owned(),
            limits: new.limits,
            placement: new.placement,
            format: code.format(),
            ..authored(permit, new.annotations.triggered_by(trigger))
        };
        Ok(Draft {
            worker,
            before,
            facts,
            secrets,
            contents: Some(code.contents().to_vec()),
            manifest,
            settings: ScriptSettingsChanges::default(),
            binds: Binds::All,
            deploy: None,
        })
    }
}

/// The code of a version with these assets, which may be all there is.
fn new_code(code: Option<Code>, assets: Option<&Assets>) -> Result<Code> {
    let refused =
        |pointer: &str, rule: &str| Err(Error::invalid(pointer, Problem::Script(rule.to_owned())));
    match (code, assets) {
        (Some(code), _) => Ok(code),
        (None, None) => refused(
            "/main_module",
            "main_module is missing: name the module whose default export handles requests",
        ),
        (None, Some(assets)) if assets.config.run_worker_first != RunWorkerFirst::default() => {
            refused(
                "/assets/config/run_worker_first",
                "run_worker_first needs code: upload some, or leave it out",
            )
        }
        (None, Some(assets)) => Ok(Code::none(&assets.manifest.to_string())),
    }
}

/// A binding to the version's own assets needs some.
fn check_asset_bindings(bindings: &[Binding], assets: Option<&Assets>) -> Result<()> {
    let asks = |binding: &Binding| matches!(binding.kind, BindingKind::Assets {});
    match bindings.iter().find(|binding| asks(binding)) {
        Some(binding) if assets.is_none() => {
            let rule = format!(
                "binding {} is to static assets, and the version has none: upload some",
                binding.name
            );
            Err(Error::invalid("/bindings", Problem::Script(rule)))
        }
        _ => Ok(()),
    }
}

/// A version by the caller, of nothing yet.
pub(crate) fn authored<P>(
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
