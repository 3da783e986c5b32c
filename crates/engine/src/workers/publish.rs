//! Making a version: it is tried on the runtime, then kept with all that belongs to it in one transaction.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use coffer_protocol::runtime::{Candidate, StartError, Started};
use coffer_protocol::workers::{Script, Settings, Version};
use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::blobs;
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::deployments::{self, DeploymentFacts, DeploymentRow};
use coffer_store::rows::versions::{self, VersionFacts, VersionRow};
use coffer_store::rows::worker_secrets::{self, WorkerSecretRow};
use coffer_store::rows::workers::{self, WorkerRow, WorkerSettings};
use coffer_store::{StoreError, Tx, Written};
use coffer_types::{AccountId, Binding, DeploymentId, Split, VersionId, WorkerId, WorkerName};
use serde::{Deserialize, Serialize};

use super::binding_edits::check_within;
use super::bindings::Binds;
use super::current::{Current, Seen, of};
use super::store_bindings::check_still_there;
use super::versions::Pruner;
use super::{ScriptSettingsChanges, view};
use crate::assets::KeptManifest;
use crate::authorize::Permit;
use crate::engine::Engine;
use crate::error::{Conflict, Error, Limit, Missing, Problem, Result};
use crate::feed;

/// A version that was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Published {
    /// The Worker as a script.
    pub script: Script,
    /// The version.
    pub version: Version,
    /// The settings with that version.
    pub(super) settings: Settings,
    /// The last change that edges must follow to serve it.
    pub(super) seq: u64,
}

/// A version to be made.
pub(super) struct Draft {
    /// The Worker: as it was read, or as it will be made.
    pub(super) worker: WorkerRow,
    /// What was read of it; `None` if it is to be made.
    pub(super) before: Option<Current>,
    /// What the version is; handlers and start-up time are filled in when it was tried.
    pub(super) facts: VersionFacts,
    /// Sealed values that are new.
    pub(super) secrets: Vec<WorkerSecretRow>,
    /// The contents of the modules if they are new; `None` if they are the latest version's.
    pub(super) contents: Option<Vec<Bytes>>,
    /// The manifest of its static assets if it is new.
    pub(super) manifest: Option<KeptManifest>,
    /// Settings of the Worker that change with it.
    pub(super) settings: ScriptSettingsChanges,
    /// Whose bindings to secrets of a store are looked at.
    pub(super) binds: Binds,
    /// The annotations of its deployment; `None` leaves the active deployment as it is.
    pub(super) deploy: Option<BTreeMap<String, String>>,
}

/// Everything that one transaction writes.
struct Plan {
    account_id: AccountId,
    max_workers: u32,
    worker: WorkerRow,
    seen: Option<Seen>,
    version: VersionRow,
    secrets: Vec<WorkerSecretRow>,
    contents: Vec<Bytes>,
    manifest: Option<KeptManifest>,
    settings: ScriptSettingsChanges,
    deployment: Option<DeploymentRow>,
    /// Those whose secrets must be there.
    bound: Vec<Binding>,
    pruner: Pruner,
    events: Vec<NewEvent>,
}

impl Engine {
    /// A Worker that is not there yet.
    pub(super) fn new_worker(&self, account_id: AccountId, name: WorkerName) -> WorkerRow {
        let now = self.clock.now();
        WorkerRow {
            id: WorkerId::random(self.random.as_ref()),
            account_id,
            name,
            // Clients switch the host name on after the upload.
            subdomain_enabled: false,
            previews_enabled: false,
            settings: WorkerSettings::default(),
            last_version: 0,
            created_at: now,
            modified_at: now,
        }
    }

    /// What an earlier request with the same idempotency key made. Waits a moment for the edges to serve
    /// it.
    pub(super) async fn published_before<P>(
        &self,
        permit: &Permit<P>,
    ) -> Result<Option<Published>> {
        let published: Option<Published> = self.repeated(&permit.caller).await?;
        if let Some(published) = &published {
            self.await_applied(published.seq).await;
        }
        Ok(published)
    }

    /// Tries a version and keeps it. The caller holds the Worker's turn.
    ///
    /// # Errors
    /// [`Error::BeyondBindings`] if it is more than the caller may do; [`Problem::Script`] with the runtime's words if it does not start; [`Conflict::WorkerChanged`];
    /// [`Limit::Workers`]; [`Error::Unavailable`] without a runtime.
    pub(super) async fn publish<P: Sync>(
        &self,
        permit: &Permit<P>,
        mut draft: Draft,
    ) -> Result<Published> {
        check_within(permit, &draft)?;
        let id = VersionId::random(self.random.as_ref());
        self.try_draft(permit, id, &mut draft).await?;
        let plan = Arc::new(self.plan(permit, id, draft));
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let plan = Arc::clone(&plan);
            Box::pin(async move { write(tx, &plan).await })
        })
        .await
    }

    /// Starts the version once as it would run.
    async fn try_draft<P: Sync>(
        &self,
        permit: &Permit<P>,
        id: VersionId,
        draft: &mut Draft,
    ) -> Result<()> {
        if draft.facts.main_module.is_none() {
            return Ok(());
        }
        let contents = match &draft.contents {
            Some(contents) => contents.clone(),
            None => self.contents_of(&draft.facts).await?,
        };
        let sealed = self.sealed_values(draft).await?;
        let row = VersionRow {
            id,
            worker_id: draft.worker.id,
            number: draft.worker.last_version.saturating_add(1),
            facts: draft.facts.clone(),
            created_at: self.clock.now(),
        };
        let worker = (draft.worker.account_id, draft.worker.name.clone());
        let version = feed::version_record_of(worker, row, |id| sealed.get(&id).cloned());
        let account = self.present_account_record(permit.account()).await?;
        let candidate = Candidate {
            account: &account,
            version: &version,
            contents: &contents,
        };
        let started = self.try_candidate(candidate).await?;
        draft.facts.handlers = started.handlers;
        draft.facts.startup_time_ms = started.startup_time_ms;
        Ok(())
    }

    /// Starts a version once as it would run.
    ///
    /// # Errors
    /// [`Problem::Script`] with the runtime's words if it does not start; [`Error::Unavailable`] without a runtime.
    pub(crate) async fn try_candidate(&self, candidate: Candidate<'_>) -> Result<Started> {
        let tried = self.start_check.check(candidate).await;
        tried.map_err(|error| match error {
            StartError::Refused(message) => Error::invalid("", Problem::Script(message)),
            StartError::Unavailable(reason) => Error::Unavailable(reason),
        })
    }

    /// The contents of a version's modules, in their order.
    pub(super) async fn contents_of(&self, facts: &VersionFacts) -> Result<Vec<Bytes>> {
        let mut reader = self.store.reader().await?;
        let mut contents = Vec::with_capacity(facts.modules.len());
        for module in &facts.modules {
            let content = blobs::find(&mut reader, module.digest).await?;
            let missing = || Error::Internal(format!("content {} is missing", module.digest));
            contents.push(content.ok_or_else(missing)?.into());
        }
        Ok(contents)
    }

    async fn sealed_values(
        &self,
        draft: &Draft,
    ) -> Result<HashMap<coffer_types::WorkerSecretId, Bytes>> {
        let mut sealed: HashMap<_, _> = draft
            .secrets
            .iter()
            .map(|secret| (secret.id, Bytes::from(secret.sealed.clone())))
            .collect();
        if draft.before.is_some() {
            let kept =
                worker_secrets::of_worker(&mut self.store.reader().await?, draft.worker.id).await?;
            sealed.extend(
                kept.into_iter()
                    .map(|secret| (secret.id, Bytes::from(secret.sealed))),
            );
        }
        Ok(sealed)
    }

    fn plan<P>(&self, permit: &Permit<P>, id: VersionId, draft: Draft) -> Plan {
        let now = self.clock.now();
        let mut worker = draft.worker;
        worker.last_version = worker.last_version.saturating_add(1);
        worker.modified_at = now;
        let version = VersionRow {
            id,
            worker_id: worker.id,
            number: worker.last_version,
            facts: draft.facts,
            created_at: now,
        };
        let deployment = draft
            .deploy
            .map(|annotations| self.new_deployment(permit, &worker, Split::whole(id), annotations));
        let previous = draft.before.as_ref().map_or(&[][..], Current::bindings);
        let bindings = version.facts.bindings.iter();
        let bound = bindings
            .filter(|one| !self.is_local && (draft.binds == Binds::All || !previous.contains(one)))
            .cloned();
        let bound = bound.collect();
        let mut events = Vec::new();
        let new = draft.before.is_none();
        events.extend(self.worker_changed(permit, &worker, new, &draft.settings));
        events.extend(self.secrets_changed(permit, &worker, previous, &version.facts.bindings));
        events.push(self.version_created(permit, &worker, &version));
        events.extend(
            deployment
                .as_ref()
                .map(|deployment| self.deployment_created(permit, &worker, deployment)),
        );
        Plan {
            account_id: permit.account_id(),
            max_workers: permit.account().limits.workers,
            seen: draft.before.as_ref().map(Current::seen),
            worker,
            version,
            secrets: draft.secrets,
            contents: draft.contents.unwrap_or_default(),
            manifest: draft.manifest,
            settings: draft.settings,
            deployment,
            bound,
            pruner: Pruner::new(self, &permit.caller),
            events,
        }
    }

    /// A deployment by the caller, now.
    pub(super) fn new_deployment<P>(
        &self,
        permit: &Permit<P>,
        worker: &WorkerRow,
        split: Split,
        annotations: BTreeMap<String, String>,
    ) -> DeploymentRow {
        DeploymentRow {
            id: DeploymentId::random(self.random.as_ref()),
            worker_id: worker.id,
            split,
            facts: DeploymentFacts {
                source: permit.caller.request.source.to_owned(),
                author_id: permit.caller.actor.id(),
                author_email: permit.caller.actor.email(),
                annotations,
            },
            created_at: self.clock.now(),
        }
    }
}

async fn write(tx: &mut Tx<'_>, plan: &Plan) -> Result<Written<Published>> {
    check_still_there(tx, plan.account_id, &plan.bound).await?;
    let worker = write_worker(tx, plan).await?;
    for (module, content) in plan.version.facts.modules.iter().zip(&plan.contents) {
        blobs::insert(tx, module.digest, content).await?;
    }
    if let Some(manifest) = &plan.manifest {
        manifest.keep(tx, "/assets/jwt").await?;
    }
    for secret in &plan.secrets {
        worker_secrets::insert(tx, worker.id, secret, plan.version.created_at).await?;
    }
    versions::insert(tx, &plan.version).await.map_err(changed)?;
    if let Some(deployment) = &plan.deployment {
        deployments::insert(tx, deployment).await?;
    }
    let mut events = plan.events.clone();
    events.extend(plan.pruner.prune(tx, &worker).await?);
    let version = ChangeSubject::Version(plan.version.id);
    changes::record(tx, plan.account_id, version).await?;
    let seq = changes::record(tx, plan.account_id, ChangeSubject::Worker(worker.id)).await?;
    let active = match &plan.deployment {
        Some(deployment) => Some(deployment.clone()),
        None => deployments::active(tx, worker.id).await?,
    };
    let published = Published {
        version: view::version(&worker, &plan.version),
        settings: view::settings(&worker, Some(&plan.version)),
        script: view::script(&Current {
            worker,
            latest: Some(plan.version.clone()),
            active,
        }),
        seq,
    };
    Written::with_events(published, events).ok_or_else(|| Error::Internal("no events".to_owned()))
}

/// Makes the Worker, or finds it as it was read and counts the version.
async fn write_worker(tx: &mut Tx<'_>, plan: &Plan) -> Result<WorkerRow> {
    let Some(seen) = plan.seen else {
        let mut worker = plan.worker.clone();
        plan.settings.apply(&mut worker);
        return match workers::insert(tx, &worker, plan.max_workers).await {
            Ok(true) => Ok(worker),
            Ok(false) => Err(Limit::Workers(plan.max_workers).into()),
            Err(error) => Err(changed(error)),
        };
    };
    let mut worker = workers::find(tx, plan.worker.id)
        .await?
        .ok_or(Missing::Worker)?;
    let now = of(tx, worker.clone()).await?.seen();
    if now != seen {
        return Err(Conflict::WorkerChanged.into());
    }
    worker.last_version = plan.worker.last_version;
    worker.modified_at = plan.worker.modified_at;
    plan.settings.apply(&mut worker);
    workers::update(tx, &worker).await?;
    Ok(worker)
}

/// A name or number that is taken was free when the Worker was read.
fn changed(error: StoreError) -> Error {
    match error {
        StoreError::Taken(_) => Conflict::WorkerChanged.into(),
        other => other.into(),
    }
}
