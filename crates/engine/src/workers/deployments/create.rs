//! Deploying: sending traffic to one version or two.

use std::collections::BTreeSet;
use std::sync::Arc;

use coffer_protocol::workers::Deployment;
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::versions::VersionRow;
use coffer_store::rows::{deployments, versions, workers};
use coffer_store::{Tx, Written};
use coffer_types::{BindingName, Split, WorkerName};

use crate::authorize::{DeployWorkers, Permit};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Missing, Problem, Result};
use crate::workers::current::{Current, existing, of};
use crate::workers::events::secrets_of;
use crate::workers::store_bindings::check_deployable;
use crate::workers::versions::Pruner;
use crate::workers::{Annotations, view};

const TRIGGER: &str = "deployment";

/// A deployment to be made.
#[derive(Clone, Debug)]
pub struct NewDeployment {
    /// How traffic is divided.
    pub split: Split,
    /// What people write on it.
    pub annotations: Annotations,
    /// Whether an older version may bring back older secrets.
    pub force: bool,
}

impl Engine {
    /// Divides a Worker's traffic among its versions from now on. Waits a moment for the edges to do so.
    ///
    /// # Errors
    /// [`Missing::Worker`], [`Missing::Version`]; [`Error::Invalid`] if a version that does not serve yet is bound
    /// to a secret of a store that is gone, is not for Workers, or is not for the caller to bind;
    /// [`Conflict::SecretsChanged`] without `force`.
    pub async fn create_deployment(
        &self,
        permit: &Permit<DeployWorkers>,
        name: WorkerName,
        new: NewDeployment,
    ) -> Result<Deployment> {
        let _turn = self.turns.take(permit.account_id(), &name).await;
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        let (deployment, seq) = self
            .mutate(&caller, move |tx| {
                let (engine, permit) = (engine.clone(), permit.clone());
                let (name, new) = (name.clone(), new.clone());
                Box::pin(async move { engine.deploy(tx, &permit, &name, new).await })
            })
            .await?;
        self.await_applied(seq).await;
        Ok(deployment)
    }

    async fn deploy(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<DeployWorkers>,
        name: &WorkerName,
        new: NewDeployment,
    ) -> Result<Written<(Deployment, u64)>> {
        let worker = existing(tx, permit.account_id(), name).await?;
        let current = of(tx, worker).await?;
        let targets = versions_of(tx, &current, &new.split).await?;
        let arriving = targets.iter().filter(|target| !current.serves(target.id));
        if !self.is_local {
            check_deployable(tx, permit, arriving).await?;
        }
        if !new.force {
            check_secrets(tx, &current, &targets).await?;
        }
        let mut worker = current.worker;
        let annotations = new.annotations.triggered_by(TRIGGER);
        let row = self.new_deployment(permit, &worker, new.split, annotations);
        deployments::insert(tx, &row).await?;
        worker.modified_at = row.created_at;
        workers::update(tx, &worker).await?;
        let pruned = Pruner::new(self, &permit.caller).prune(tx, &worker).await?;
        let subject = ChangeSubject::Worker(worker.id);
        let seq = changes::record(tx, permit.account_id(), subject).await?;
        let mut events = vec![self.deployment_created(permit, &worker, &row)];
        events.extend(pruned);
        let made = (view::deployment(&row), seq);
        Written::with_events(made, events).ok_or_else(|| Error::Internal("no events".to_owned()))
    }
}

/// The versions that traffic is to go to.
async fn versions_of(tx: &mut Tx<'_>, current: &Current, split: &Split) -> Result<Vec<VersionRow>> {
    let mut targets = Vec::with_capacity(split.shares().len());
    for share in split.shares() {
        let found = versions::find(tx, current.worker.id, share.version_id).await?;
        let version = found.ok_or(Missing::Version)?;
        if version.facts.main_module.is_none() && version.facts.assets.is_none() {
            let rule = format!("version {} has no code or assets to deploy", version.id);
            return Err(Error::invalid("/versions", Problem::Upload(rule)));
        }
        targets.push(version);
    }
    Ok(targets)
}

/// Refuses to bring back older secrets: a version older than those that serve now must have the secrets of
/// the newest of these.
async fn check_secrets(tx: &mut Tx<'_>, current: &Current, targets: &[VersionRow]) -> Result<()> {
    let Some(active) = &current.active else {
        return Ok(());
    };
    let mut newest: Option<VersionRow> = None;
    for share in active.split.shares() {
        let serving = versions::find(tx, current.worker.id, share.version_id).await?;
        newest = newest
            .into_iter()
            .chain(serving)
            .max_by_key(|row| row.number);
    }
    let Some(newest) = newest else {
        return Ok(());
    };
    let older = targets
        .iter()
        .filter(|target| target.number < newest.number && !active.split.contains(target.id));
    let changed: BTreeSet<BindingName> = older
        .flat_map(|target| changed_secrets(&newest, target))
        .collect();
    if changed.is_empty() {
        Ok(())
    } else {
        Err(Conflict::SecretsChanged(changed.into_iter().collect()).into())
    }
}

/// The secrets that one version has and the other has not, or has with another value.
fn changed_secrets(newest: &VersionRow, target: &VersionRow) -> Vec<BindingName> {
    let serving = secrets_of(&newest.facts.bindings);
    let brought = secrets_of(&target.facts.bindings);
    serving
        .keys()
        .chain(brought.keys())
        .filter(|name| serving.get(*name) != brought.get(*name))
        .map(|name| (*name).clone())
        .collect()
}
