//! Removing a Worker with all its versions, deployments and secrets.

use std::sync::Arc;

use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::{Slice, deployments, versions, worker_hosts, worker_routes, workers};
use coffer_store::{Tx, Written};
use coffer_types::WorkerName;
use coffer_types::audit::Action;
use serde_json::json;

use crate::authorize::{DeployWorkers, Permit};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::workers::current::{existing, of};

impl Engine {
    /// Removes a Worker. Its secrets' values are gone for good. Waits a moment for the edges to stop it.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`].
    pub async fn delete_worker(
        &self,
        permit: &Permit<DeployWorkers>,
        name: WorkerName,
    ) -> Result<()> {
        let _turn = self.turns.take(permit.account_id(), &name).await;
        let found = {
            let mut reader = self.store.reader().await?;
            workers::with_name(&mut reader, permit.account_id(), &name).await?
        };
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        let seq = self
            .mutate(&caller, move |tx| {
                let (engine, permit, name) = (engine.clone(), permit.clone(), name.clone());
                Box::pin(async move { engine.remove_worker(tx, &permit, &name).await })
            })
            .await?;
        if let Some(worker) = found {
            self.tails.remove_all_of(worker.id);
        }
        self.await_applied(seq).await;
        Ok(())
    }

    async fn remove_worker(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<DeployWorkers>,
        name: &WorkerName,
    ) -> Result<Written<u64>> {
        let worker = existing(tx, permit.account_id(), name).await?;
        let current = of(tx, worker).await?;
        let worker = &current.worker;
        let deployed = deployments::list(tx, worker.id, Slice::ALL).await?.len();
        let (held, count) = versions::list(tx, worker.id, Slice::ALL).await?;
        let hosts = worker_hosts::of_worker(tx, worker.id).await?;
        let routes = worker_routes::of_worker(tx, worker.id).await?;
        workers::delete(tx, worker.id).await?;
        let gone = held.iter().map(|version| &version.facts);
        self.free_contents(tx, permit.account_id(), gone).await?;
        for version in &held {
            let subject = ChangeSubject::Version(version.id);
            changes::record(tx, permit.account_id(), subject).await?;
        }
        let subject = ChangeSubject::Worker(worker.id);
        let seq = changes::record(tx, permit.account_id(), subject).await?;
        // What is gone with the Worker and has no other trace: the secrets by name, the rest by number.
        let mut events = self.secrets_changed(permit, worker, current.bindings(), &[]);
        let hosts: Vec<_> = hosts.iter().map(|host| &host.host).collect();
        let routes: Vec<_> = routes.iter().map(|route| &route.pattern).collect();
        let details = json!({
            "versions": count,
            "deployments": deployed,
            "hostnames": hosts,
            "routes": routes,
        });
        events.push(self.worker_event(permit, worker, Action::Delete, details));
        Written::with_events(seq, events).ok_or_else(|| Error::Internal("no events".to_owned()))
    }
}
