//! What a request for host names would change, worked out before anything is.

use std::collections::{BTreeSet, HashMap};

use coffer_protocol::hostnames::{CustomDomain, DomainChangeset, PlannedDomain};
use coffer_store::Rows;
use coffer_store::rows::worker_hosts::{self, HostClaim, WorkerHostRow};
use coffer_store::rows::workers::{self, WorkerRow};
use coffer_types::{AccountId, Hostname, WorkerHostId, WorkerId, WorkerName};

use super::{HostRules, WantedHost, zone_id};
use crate::error::{Conflict, Error, HostConflict, HostTaken, Result};

/// What would change.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) added: Vec<WantedHost>,
    pub(super) removed: Vec<WorkerHostRow>,
    /// As they are now, and whether the Worker will answer there.
    pub(super) kept: Vec<(WorkerHostRow, bool)>,
}

/// The account's host names, and the names of its Workers.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) hosts: Vec<WorkerHostRow>,
    names: HashMap<WorkerId, WorkerName>,
}

impl Held {
    pub(super) async fn by(rows: &mut impl Rows, account_id: AccountId) -> Result<Self> {
        let hosts = worker_hosts::of_account(rows, account_id).await?;
        let workers = workers::of_account(rows, account_id).await?;
        let names = workers.into_iter().map(|worker| (worker.id, worker.name));
        Ok(Self {
            hosts,
            names: names.collect(),
        })
    }

    /// A host name as the API shows it; `None` for one whose Worker is gone meanwhile.
    pub(super) fn shown(&self, host: &WorkerHostRow) -> Option<CustomDomain> {
        Some(CustomDomain {
            id: host.id,
            zone_id: zone_id(host.account_id, &host.host),
            zone_name: host.host.clone(),
            hostname: host.host.clone(),
            service: self.names.get(&host.worker_id)?.clone(),
            environment: "production".to_owned(),
            enabled: host.enabled,
            previews_enabled: false,
            cert_id: String::new(),
        })
    }
}

impl Plan {
    /// What the request changes for the Worker.
    ///
    /// # Errors
    /// [`Conflict::Hosts`] with all that others have.
    pub(super) async fn of(
        rows: &mut impl Rows,
        worker: &WorkerRow,
        wanted: &[WantedHost],
        rules: HostRules,
    ) -> Result<Self> {
        let held = worker_hosts::of_account(rows, worker.account_id).await?;
        let hosts = wanted.iter().map(|one| &one.host);
        let claims: Vec<_> = hosts
            .map(|host| HostClaim {
                host,
                any_below: false,
            })
            .collect();
        let claimed = worker_hosts::claimed_by_others(rows, worker.account_id, &claims).await?;
        let mut plan = Self::default();
        let mut conflicts = Vec::new();
        for (one, is_claimed) in wanted.iter().zip(claimed) {
            let conflict = |taken| HostConflict {
                pointer: one.pointer.clone(),
                name: one.host.to_string(),
                taken,
            };
            match held.iter().find(|host| host.host == one.host) {
                Some(host) if host.worker_id != worker.id && !rules.move_from_others => {
                    conflicts.push(conflict(HostTaken::ByOtherWorker));
                }
                Some(host) => {
                    let enabled = one.enabled.unwrap_or(host.enabled);
                    plan.kept.push((host.clone(), enabled));
                }
                None if is_claimed => conflicts.push(conflict(HostTaken::Elsewhere)),
                None => plan.added.push(one.clone()),
            }
        }
        if !conflicts.is_empty() {
            return Err(Error::Conflict(Conflict::Hosts(conflicts)));
        }
        let names: BTreeSet<_> = wanted.iter().map(|one| &one.host).collect();
        let own = held.into_iter().filter(|host| host.worker_id == worker.id);
        plan.removed
            .extend(own.filter(|host| rules.replace && !names.contains(&host.host)));
        Ok(plan)
    }

    /// Whether all is as it should be.
    pub(super) fn is_empty(&self, worker: &WorkerRow) -> bool {
        let changed = |(host, enabled): &(WorkerHostRow, bool)| is_changed(host, *enabled, worker);
        self.added.is_empty() && self.removed.is_empty() && !self.kept.iter().any(changed)
    }

    /// As the API shows it.
    pub(super) fn changeset(self, worker: &WorkerRow) -> DomainChangeset {
        let planned = |id: Option<WorkerHostId>, host: Hostname, enabled, modified| PlannedDomain {
            id,
            zone_id: zone_id(worker.account_id, &host),
            zone_name: host.clone(),
            hostname: host,
            service: worker.name.clone(),
            environment: "production".to_owned(),
            enabled,
            previews_enabled: false,
            modified,
        };
        let added = self.added.into_iter();
        let removed = self.removed.into_iter();
        let updated = self.kept.into_iter();
        DomainChangeset {
            added: added
                .map(|one| planned(None, one.host, one.enabled.unwrap_or(true), true))
                .collect(),
            removed: removed
                .map(|host| planned(Some(host.id), host.host, host.enabled, true))
                .collect(),
            updated: updated
                .map(|(host, enabled)| {
                    let modified = is_changed(&host, enabled, worker);
                    planned(Some(host.id), host.host, enabled, modified)
                })
                .collect(),
            conflicting: Vec::new(),
        }
    }
}

fn is_changed(host: &WorkerHostRow, enabled: bool, worker: &WorkerRow) -> bool {
    host.worker_id != worker.id || host.enabled != enabled
}
