//! Routes to Workers.

use std::sync::Arc;

use coffer_protocol::hostnames::WorkerRoute;
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::worker_hosts::{self, HostClaim};
use coffer_store::rows::worker_routes::{self, WorkerRouteRow};
use coffer_store::rows::workers::{self, WorkerRow};
use coffer_store::{Rows, Tx, Written};
use coffer_types::audit::Action;
use coffer_types::limits::ROUTES_PER_ACCOUNT;
use coffer_types::{RoutePattern, WorkerName, WorkerRouteId};
use serde_json::json;

use super::zone_id;
use crate::authorize::{DeployWorkers, Permit, ViewWorkers};
use crate::engine::Engine;
use crate::error::{Conflict, Error, HostConflict, HostTaken, Limit, Result};
use crate::workers::current::existing;

impl Engine {
    /// A Worker's routes, in the order of their patterns.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`].
    pub async fn routes_of_worker(
        &self,
        permit: &Permit<ViewWorkers>,
        name: &WorkerName,
    ) -> Result<Vec<WorkerRoute>> {
        let mut reader = self.store.reader().await?;
        let worker = existing(&mut reader, permit.account_id(), name).await?;
        shown(&mut reader, &worker).await
    }

    /// The routes of the account's Workers, in the order of their patterns.
    ///
    /// # Errors
    /// Only if the database fails.
    pub(super) async fn routes_of_account(
        &self,
        permit: &Permit<ViewWorkers>,
    ) -> Result<Vec<WorkerRoute>> {
        let mut reader = self.store.reader().await?;
        let routes = worker_routes::of_account(&mut reader, permit.account_id()).await?;
        let workers = workers::of_account(&mut reader, permit.account_id()).await?;
        let named = routes.into_iter().filter_map(|route| {
            let worker = workers.iter().find(|worker| worker.id == route.worker_id)?;
            Some(view(route, worker))
        });
        Ok(named.collect())
    }

    /// Gives a Worker these routes and no other. Who asks for what is so already is told that, and nothing is written.
    /// Waits a moment for the edges to follow. The patterns come with where the request names them.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`], [`Conflict::Hosts`], [`Limit::Routes`].
    pub async fn replace_routes(
        &self,
        permit: &Permit<DeployWorkers>,
        name: WorkerName,
        wanted: Vec<(RoutePattern, String)>,
    ) -> Result<Vec<WorkerRoute>> {
        if let Some((routes, _)) = self.repeated::<(_, u64)>(&permit.caller).await? {
            return Ok(routes);
        }
        {
            let mut reader = self.store.reader().await?;
            let worker = existing(&mut reader, permit.account_id(), &name).await?;
            let present = worker_routes::of_worker(&mut reader, worker.id).await?;
            let is_wanted = |route: &WorkerRouteRow| {
                wanted.iter().any(|(pattern, _)| *pattern == route.pattern)
            };
            if present.len() == wanted.len() && present.iter().all(is_wanted) {
                return shown(&mut reader, &worker).await;
            }
        }
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        let (routes, seq) = self
            .mutate(&caller, move |tx| {
                let (engine, permit) = (engine.clone(), permit.clone());
                let (name, wanted) = (name.clone(), wanted.clone());
                Box::pin(async move { engine.route(tx, &permit, &name, &wanted).await })
            })
            .await?;
        self.await_applied(seq).await;
        Ok(routes)
    }

    async fn route(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<DeployWorkers>,
        name: &WorkerName,
        wanted: &[(RoutePattern, String)],
    ) -> Result<Written<(Vec<WorkerRoute>, u64)>> {
        let worker = existing(tx, permit.account_id(), name).await?;
        check_free(tx, &worker, wanted).await?;
        let before = worker_routes::of_worker(tx, worker.id).await?;
        let is_wanted = |pattern: &RoutePattern| wanted.iter().any(|(other, _)| other == pattern);
        for route in before.iter().filter(|route| !is_wanted(&route.pattern)) {
            worker_routes::delete(tx, route.id).await?;
        }
        for (pattern, _) in wanted {
            if before.iter().any(|route| route.pattern == *pattern) {
                continue;
            }
            let route = WorkerRouteRow {
                id: WorkerRouteId::random(self.random.as_ref()),
                account_id: worker.account_id,
                worker_id: worker.id,
                pattern: pattern.clone(),
                created_at: self.clock.now(),
            };
            if !worker_routes::insert(tx, &route, ROUTES_PER_ACCOUNT).await? {
                return Err(Error::LimitExceeded(Limit::Routes(ROUTES_PER_ACCOUNT)));
            }
        }
        let subject = ChangeSubject::Worker(worker.id);
        let seq = changes::record(tx, permit.account_id(), subject).await?;
        let routes = shown(tx, &worker).await?;
        let before: Vec<_> = before.iter().map(|route| &route.pattern).collect();
        let after: Vec<_> = routes.iter().map(|route| &route.pattern).collect();
        let details = json!({ "before": { "routes": before }, "after": { "routes": after } });
        let event = self.worker_event(permit, &worker, Action::Update, details);
        Ok(Written::new((routes, seq), event))
    }
}

/// Finds that no other Worker has any of the patterns, and no other account any of their hosts.
async fn check_free(
    tx: &mut Tx<'_>,
    worker: &WorkerRow,
    wanted: &[(RoutePattern, String)],
) -> Result<()> {
    let held = worker_routes::of_account(tx, worker.account_id).await?;
    let hosts = wanted.iter().map(|(pattern, _)| pattern.host());
    let claims: Vec<_> = hosts
        .map(|host| HostClaim {
            host: host.base(),
            any_below: host.is_wildcard(),
        })
        .collect();
    let claimed = worker_hosts::claimed_by_others(tx, worker.account_id, &claims).await?;
    let mut conflicts = Vec::new();
    for ((pattern, pointer), is_claimed) in wanted.iter().zip(claimed) {
        let conflict = |taken| HostConflict {
            pointer: pointer.clone(),
            name: pattern.to_string(),
            taken,
        };
        match held.iter().find(|route| route.pattern == *pattern) {
            Some(route) if route.worker_id != worker.id => {
                conflicts.push(conflict(HostTaken::ByOtherRoute));
            }
            None if is_claimed => conflicts.push(conflict(HostTaken::Elsewhere)),
            _ => {}
        }
    }
    if conflicts.is_empty() {
        Ok(())
    } else {
        Err(Error::Conflict(Conflict::Hosts(conflicts)))
    }
}

async fn shown(rows: &mut impl Rows, worker: &WorkerRow) -> Result<Vec<WorkerRoute>> {
    let routes = worker_routes::of_worker(rows, worker.id).await?;
    Ok(routes
        .into_iter()
        .map(|route| view(route, worker))
        .collect())
}

fn view(route: WorkerRouteRow, worker: &WorkerRow) -> WorkerRoute {
    let base = route.pattern.host().base().clone();
    WorkerRoute {
        id: route.id,
        script: worker.name.clone(),
        zone_id: zone_id(route.account_id, &base),
        zone_name: base,
        pattern: route.pattern,
    }
}
