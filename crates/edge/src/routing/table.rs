//! The routes as of one moment.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use coffer_protocol::feed::{PagesProjectRecord, VersionRecord, WorkerRecord};
use coffer_types::{AccountId, VersionId, WorkerId, WorkerName};

use super::choice::{self, Chance};
use super::hosts::Hosts;
use super::pages::Projects;
use crate::gateway::RouteRequest;
use crate::process::{Slot, SlotKey};
use crate::replica::State;

/// Digits of a version's id in its preview host name.
const PREVIEW_DIGITS: usize = 8;
/// The weight of a version that takes everything.
const WHOLE: u32 = 10_000;

/// The routes as of one moment.
#[derive(Debug, Default)]
pub(super) struct Table {
    hosts: HashMap<String, Arc<Target>>,
    // Beside the Workers' own names, which are looked for first.
    further_hosts: Hosts<Target>,
    workers: HashMap<WorkerId, Arc<Target>>,
    names: HashMap<AccountId, HashMap<WorkerName, Arc<Target>>>,
    traffic: HashSet<SlotKey>,
    projects: Projects,
}

/// What a Worker's host name leads to.
#[derive(Debug)]
pub(super) struct Target {
    worker_id: WorkerId,
    name: WorkerName,
    enabled: bool,
    /// The deployed versions, the newest first.
    pub(super) shares: Vec<Lane>,
    // By the first digits of their ids; empty when previews are off.
    previews: HashMap<String, VersionId>,
}

/// One version's share of a Worker's traffic.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) slot: Arc<Slot>,
    /// In hundredths of a per cent.
    pub(super) weight: u32,
}

/// A new table.
pub(super) struct Built {
    pub(super) table: Table,
    /// Versions that get traffic once they are ready.
    pub(super) awaited: Vec<Arc<Slot>>,
}

impl Table {
    /// The Worker that answers a request, if one does.
    pub(super) fn find(&self, request: &RouteRequest<'_>) -> Option<&Target> {
        match self.hosts.get(request.host) {
            Some(target) => Some(target.as_ref()).filter(|target| target.enabled),
            None => self.further_hosts.find(request.host, request.target),
        }
    }

    /// The account's Worker of this name, wherever it answers.
    pub(super) fn service(&self, account_id: AccountId, name: &WorkerName) -> Option<&Arc<Target>> {
        self.names.get(&account_id)?.get(name)
    }

    /// The Worker and the version that this preview host name means: `<8 digits>-<host name>` of a Worker, or
    /// that of a Pages project's branch or deployment.
    pub(super) fn preview(&self, host: &str) -> Option<(WorkerId, VersionId)> {
        self.worker_preview(host)
            .or_else(|| self.projects.find(host))
    }

    /// Whether only a Pages project could answer at this host name.
    pub(super) fn is_for_pages(&self, host: &str) -> bool {
        self.projects.is_for(host)
    }

    /// Whether a branch or a single deployment of a Pages project has this host name, rather than the project itself.
    pub(super) fn is_pages_preview(&self, host: &str) -> bool {
        self.is_for_pages(host) && self.projects.find(host).is_some()
    }

    fn worker_preview(&self, host: &str) -> Option<(WorkerId, VersionId)> {
        let (digits, rest) = host.split_at_checked(PREVIEW_DIGITS)?;
        let target = self.hosts.get(rest.strip_prefix('-')?)?;
        let version_id = target.previews.get(digits)?;
        Some((target.worker_id, *version_id))
    }

    /// Whether a deployment gives the place traffic.
    pub(super) fn has_traffic(&self, key: SlotKey) -> bool {
        self.traffic.contains(&key)
    }

    /// Whether no request of the Worker goes to a process that does not tell what it does.
    pub(super) fn is_captured(&self, worker_id: WorkerId) -> bool {
        let target = self.workers.get(&worker_id);
        target.is_none_or(|target| target.shares.iter().all(|lane| lane.slot.key().tailed))
    }

    /// Gives traffic to these shares, or to the present ones until each of these has a process; what is waited for
    /// is put into `awaited`.
    fn take(
        &mut self,
        worker_id: WorkerId,
        newest: Vec<Lane>,
        before: &Self,
        awaited: &mut Vec<Arc<Slot>>,
    ) -> Vec<Lane> {
        let mut shares = newest;
        let unready: Vec<Arc<Slot>> = shares
            .iter()
            .filter(|lane| !lane.slot.is_ready())
            .map(|lane| Arc::clone(&lane.slot))
            .collect();
        let present = before.workers.get(&worker_id);
        let serving = present.filter(|target| {
            let served = |lane: &Lane| {
                lane.slot.is_ready() && !shares.iter().any(|new| Arc::ptr_eq(&new.slot, &lane.slot))
            };
            target.shares.iter().any(served) && !unready.is_empty()
        });
        if let Some(target) = serving {
            shares.clone_from(&target.shares);
            awaited.extend(unready);
        }
        self.traffic
            .extend(shares.iter().map(|lane| lane.slot.key()));
        shares
    }
}

impl Target {
    /// The place of the version that answers this request.
    pub(super) fn choose(&self, request: &RouteRequest<'_>, chance: &Chance) -> Option<&Arc<Slot>> {
        let overridden = request
            .version_overrides
            .and_then(|overrides| choice::overridden(overrides, self.name.as_str()));
        if let Some(version_id) = overridden {
            // Only a version of the deployment can be asked for; another is not news to the client.
            let lane = self
                .shares
                .iter()
                .find(|lane| lane.slot.version_id() == version_id);
            if let Some(lane) = lane {
                return Some(&lane.slot);
            }
        }
        if let [only] = self.shares.as_slice() {
            return Some(&only.slot);
        }
        let point = match request.version_key {
            Some(key) => choice::sticky_point(self.worker_id, key),
            None => chance.point(),
        };
        choice::at(&self.shares, point).map(|lane| &lane.slot)
    }
}

/// Builds the table of a state. A Worker whose present version has a process keeps its traffic there until
/// every newly deployed version has one.
pub(super) fn build(
    state: &State,
    domain: &str,
    before: &Table,
    slot: &dyn Fn(WorkerId, VersionId) -> Arc<Slot>,
) -> Built {
    let mut table = Table {
        further_hosts: Hosts::beside(domain),
        ..Table::default()
    };
    let mut awaited = Vec::new();
    let mut previews = previews(state);
    for worker in state.workers() {
        let Some(account) = state.account(worker.account_id) else {
            continue;
        };
        let newest = lanes(state, worker, slot);
        let shares = table.take(worker.worker_id, newest, before, &mut awaited);
        let label = account.subdomain.as_ref();
        let host = label.map(|label| format!("{}.{label}.{domain}", worker.name));
        let previews = previews
            .remove(&worker.worker_id)
            .filter(|_| worker.previews_enabled);
        let target = Arc::new(Target {
            worker_id: worker.worker_id,
            name: worker.name.clone(),
            enabled: worker.subdomain_enabled,
            shares,
            previews: previews.unwrap_or_default(),
        });
        if let Some(host) = host {
            table.hosts.insert(host, Arc::clone(&target));
        }
        table
            .further_hosts
            .add(&worker.hosts, &worker.routes, &target);
        let names = table.names.entry(worker.account_id).or_default();
        names.insert(worker.name.clone(), Arc::clone(&target));
        table.workers.insert(worker.worker_id, target);
    }
    table.projects = Projects::of(state, domain, &mut previews);
    for project in state.projects() {
        add_production(&mut table, state, project, before, &mut awaited, slot);
    }
    table.further_hosts.sort();
    Built { table, awaited }
}

/// Lets a project's production deployment answer at the project's host name.
fn add_production(
    table: &mut Table,
    state: &State,
    project: &PagesProjectRecord,
    before: &Table,
    awaited: &mut Vec<Arc<Slot>>,
    slot: &dyn Fn(WorkerId, VersionId) -> Arc<Slot>,
) {
    let Some(version) = project.production.and_then(|id| state.version(id)) else {
        return;
    };
    let newest = vec![lane(version, WHOLE, slot)];
    let target = Arc::new(Target {
        worker_id: project.worker_id,
        name: version.worker_name.clone(),
        enabled: true,
        shares: table.take(project.worker_id, newest, before, awaited),
        previews: HashMap::new(),
    });
    let host = table.projects.host(project);
    table.hosts.entry(host).or_insert(Arc::clone(&target));
    table.workers.insert(project.worker_id, target);
}

/// A Worker's deployed versions, the newest first.
fn lanes(
    state: &State,
    worker: &WorkerRecord,
    slot: &dyn Fn(WorkerId, VersionId) -> Arc<Slot>,
) -> Vec<Lane> {
    let shares = worker
        .deployment
        .as_ref()
        .map_or(&[][..], |split| split.shares());
    let mut numbered: Vec<_> = shares
        .iter()
        .filter_map(|share| {
            let version = state.version(share.version_id)?;
            let weight = u32::from(share.percentage.hundredths());
            Some((version.number, lane(version, weight, slot)))
        })
        .collect();
    numbered.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    numbered.into_iter().map(|(_, lane)| lane).collect()
}

/// A version's share.
fn lane(
    version: &VersionRecord,
    weight: u32,
    slot: &dyn Fn(WorkerId, VersionId) -> Arc<Slot>,
) -> Lane {
    let slot = slot(version.worker_id, version.version_id);
    slot.set_has_assets(version.assets.is_some());
    Lane { slot, weight }
}

/// Every version that has code or static assets, by Worker and by the first digits of its id.
fn previews(state: &State) -> HashMap<WorkerId, HashMap<String, VersionId>> {
    let mut previews: HashMap<WorkerId, HashMap<String, VersionId>> = HashMap::new();
    for version in state
        .versions()
        .filter(|version| version.main_module.is_some() || version.assets.is_some())
    {
        previews
            .entry(version.worker_id)
            .or_default()
            .insert(version.version_id.short(), version.version_id);
    }
    previews
}
