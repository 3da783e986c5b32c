//! Host names of Workers: listed, given, moved and taken away.

use std::collections::BTreeSet;
use std::sync::Arc;

use coffer_protocol::hostnames::{CustomDomain, DomainChangeset};
use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::worker_hosts::{self, WorkerHostRow};
use coffer_store::rows::workers::{self, WorkerRow};
use coffer_store::{Tx, Written};
use coffer_types::audit::Action;
use coffer_types::limits::HOSTNAMES_PER_ACCOUNT;
use coffer_types::{WorkerHostId, WorkerId, WorkerName};
use serde_json::{Value, json};

use super::plan::{Held, Plan};
use super::{HostRules, WantedHost};
use crate::authorize::{DeployWorkers, Permit, ViewWorkers};
use crate::engine::Engine;
use crate::error::{Error, Limit, Missing, Result};
use crate::workers::current::existing;

impl Engine {
    /// The host names of the account's Workers, in their order.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn custom_domains(&self, permit: &Permit<ViewWorkers>) -> Result<Vec<CustomDomain>> {
        let mut reader = self.store.reader().await?;
        let held = Held::by(&mut reader, permit.account_id()).await?;
        Ok(held
            .hosts
            .iter()
            .filter_map(|host| held.shown(host))
            .collect())
    }

    /// The account's host name with this id.
    ///
    /// # Errors
    /// [`Missing::Hostname`].
    pub async fn custom_domain(
        &self,
        permit: &Permit<ViewWorkers>,
        id: WorkerHostId,
    ) -> Result<CustomDomain> {
        let domains = self.custom_domains(permit).await?;
        let mut domains = domains.into_iter();
        domains
            .find(|domain| domain.id == id)
            .ok_or_else(|| Missing::Hostname.into())
    }

    /// What [`assign_hosts`](Self::assign_hosts) would change if names may move from other Workers of the account.
    ///
    /// # Errors
    /// [`Missing::Worker`], or a conflict with another account.
    pub async fn plan_hosts(
        &self,
        permit: &Permit<DeployWorkers>,
        name: &WorkerName,
        wanted: &[WantedHost],
        replace: bool,
    ) -> Result<DomainChangeset> {
        let mut reader = self.store.reader().await?;
        let worker = existing(&mut reader, permit.account_id(), name).await?;
        let rules = HostRules {
            replace,
            move_from_others: true,
        };
        let plan = Plan::of(&mut reader, &worker, wanted, rules).await?;
        Ok(plan.changeset(&worker))
    }

    /// Gives a Worker host names, and answers with all that it has then. Who asks for what is so already is told
    /// that, and nothing is written. Waits a moment for the edges to follow.
    ///
    /// # Errors
    /// [`Missing::Worker`], [`crate::Conflict::Hosts`], [`Limit::Hostnames`].
    pub async fn assign_hosts(
        &self,
        permit: &Permit<DeployWorkers>,
        name: WorkerName,
        wanted: Vec<WantedHost>,
        rules: HostRules,
    ) -> Result<Vec<CustomDomain>> {
        if let Some((domains, _)) = self.repeated::<(_, u64)>(&permit.caller).await? {
            return Ok(domains);
        }
        {
            let mut reader = self.store.reader().await?;
            let worker = existing(&mut reader, permit.account_id(), &name).await?;
            let plan = Plan::of(&mut reader, &worker, &wanted, rules).await?;
            if plan.is_empty(&worker) {
                let held = Held::by(&mut reader, permit.account_id()).await?;
                return Ok(of_worker(&held, worker.id));
            }
        }
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        let (domains, seq) = self
            .mutate(&caller, move |tx| {
                let (engine, permit) = (engine.clone(), permit.clone());
                let (name, wanted) = (name.clone(), wanted.clone());
                Box::pin(async move { engine.assign(tx, &permit, &name, &wanted, rules).await })
            })
            .await?;
        self.await_applied(seq).await;
        Ok(domains)
    }

    async fn assign(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<DeployWorkers>,
        name: &WorkerName,
        wanted: &[WantedHost],
        rules: HostRules,
    ) -> Result<Written<(Vec<CustomDomain>, u64)>> {
        let worker = existing(tx, permit.account_id(), name).await?;
        let plan = Plan::of(tx, &worker, wanted, rules).await?;
        let others = plan.kept.iter().map(|(host, _)| host.worker_id);
        let others: BTreeSet<_> = others.filter(|id| *id != worker.id).collect();
        let before = Held::by(tx, permit.account_id()).await?;
        self.carry_out(tx, &worker, plan).await?;
        let after = Held::by(tx, permit.account_id()).await?;

        // The Worker that gains comes first: in between both answer, and never none.
        let mut seq = 0;
        let mut events = Vec::new();
        for id in std::iter::once(worker.id).chain(others) {
            let Some(concerned) = workers::find(tx, id).await? else {
                continue;
            };
            let subject = ChangeSubject::Worker(id);
            seq = changes::record(tx, permit.account_id(), subject).await?;
            events.push(self.hosts_changed(permit, &concerned, &before.hosts, &after.hosts));
        }
        let result = (of_worker(&after, worker.id), seq);
        Written::with_events(result, events).ok_or_else(|| Error::Internal("no events".to_owned()))
    }

    async fn carry_out(&self, tx: &mut Tx<'_>, worker: &WorkerRow, plan: Plan) -> Result<()> {
        for host in &plan.removed {
            worker_hosts::delete(tx, host.id).await?;
        }
        for (mut host, enabled) in plan.kept {
            host.worker_id = worker.id;
            host.enabled = enabled;
            worker_hosts::update(tx, &host).await?;
        }
        for wanted in plan.added {
            let host = WorkerHostRow {
                id: WorkerHostId::random(self.random.as_ref()),
                account_id: worker.account_id,
                worker_id: worker.id,
                host: wanted.host,
                enabled: wanted.enabled.unwrap_or(true),
                created_at: self.clock.now(),
            };
            if !worker_hosts::insert(tx, &host, HOSTNAMES_PER_ACCOUNT).await? {
                return Err(Error::LimitExceeded(Limit::Hostnames(
                    HOSTNAMES_PER_ACCOUNT,
                )));
            }
        }
        Ok(())
    }

    /// Takes a host name from its Worker, so that any account may claim it. Waits a moment for the edges to follow.
    ///
    /// # Errors
    /// [`Missing::Hostname`].
    pub async fn release_host(
        &self,
        permit: &Permit<DeployWorkers>,
        id: WorkerHostId,
    ) -> Result<()> {
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        let seq = self
            .mutate(&caller, move |tx| {
                let (engine, permit) = (engine.clone(), permit.clone());
                Box::pin(async move { engine.release(tx, &permit, id).await })
            })
            .await?;
        self.await_applied(seq).await;
        Ok(())
    }

    async fn release(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<DeployWorkers>,
        id: WorkerHostId,
    ) -> Result<Written<u64>> {
        let found = worker_hosts::find(tx, permit.account_id(), id).await?;
        let host = found.ok_or(Missing::Hostname)?;
        let worker = workers::find(tx, host.worker_id).await?;
        let worker = worker.ok_or(Missing::Hostname)?;
        let before = worker_hosts::of_worker(tx, worker.id).await?;
        worker_hosts::delete(tx, id).await?;
        let after = worker_hosts::of_worker(tx, worker.id).await?;
        let subject = ChangeSubject::Worker(worker.id);
        let seq = changes::record(tx, permit.account_id(), subject).await?;
        let event = self.hosts_changed(permit, &worker, &before, &after);
        Ok(Written::new(seq, event))
    }

    fn hosts_changed(
        &self,
        permit: &Permit<DeployWorkers>,
        worker: &WorkerRow,
        before: &[WorkerHostRow],
        after: &[WorkerHostRow],
    ) -> NewEvent {
        let details = json!({
            "before": { "hostnames": told(before, worker.id) },
            "after": { "hostnames": told(after, worker.id) },
        });
        self.worker_event(permit, worker, Action::Update, details)
    }
}

fn told(hosts: &[WorkerHostRow], worker_id: WorkerId) -> Vec<Value> {
    let own = hosts.iter().filter(|host| host.worker_id == worker_id);
    own.map(|host| json!({ "hostname": host.host, "enabled": host.enabled }))
        .collect()
}

fn of_worker(held: &Held, worker_id: WorkerId) -> Vec<CustomDomain> {
    let own = held.hosts.iter().filter(|host| host.worker_id == worker_id);
    own.filter_map(|host| held.shown(host)).collect()
}
