//! What clients take for zones. Coffer has none; clients ask for the zone of a name before they make a route, so each
//! name is its own, in every account that is asked about.

use std::sync::Arc;

use coffer_protocol::hostnames::{WorkerRoute, Zone, ZoneAccount};
use coffer_types::{AccountId, Hostname, ZoneId};

use super::zone_id;
use crate::actor::Caller;
use crate::authorize::{Permit, ViewWorkers};
use crate::engine::Engine;
use crate::error::{Error, Result};

impl Engine {
    /// The zone of a name in each account whose Workers the caller may see, or in one of those.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn zones_of_name(
        &self,
        caller: &Arc<Caller>,
        account_id: Option<AccountId>,
        name: &Hostname,
    ) -> Result<Vec<Zone>> {
        let permits = self.viewed_accounts(caller).await?;
        let asked = permits
            .iter()
            .filter(|permit| account_id.is_none_or(|id| id == permit.account_id()));
        let zone = |permit: &Permit<ViewWorkers>| Zone {
            id: zone_id(permit.account_id(), name),
            name: name.clone(),
            status: "active",
            paused: false,
            kind: "full",
            account: ZoneAccount {
                id: permit.account_id(),
                name: permit.account().name.clone(),
            },
        };
        Ok(asked.map(zone).collect())
    }

    /// The routes at a zone's name and below it, in the order of their patterns. An id that stands for no name has
    /// none: routes may be made with the id of a zone of elsewhere.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn routes_in_zone(
        &self,
        caller: &Arc<Caller>,
        zone: ZoneId,
    ) -> Result<Vec<WorkerRoute>> {
        let mut found = Vec::new();
        for permit in self.viewed_accounts(caller).await? {
            let routes = self.routes_of_account(&permit).await?;
            let is_in = |route: &WorkerRoute| {
                is_at_or_below_zone(permit.account_id(), &route.zone_name, zone)
            };
            found.extend(routes.into_iter().filter(is_in));
        }
        Ok(found)
    }

    async fn viewed_accounts(&self, caller: &Arc<Caller>) -> Result<Vec<Permit<ViewWorkers>>> {
        let mut permits = Vec::new();
        for id in caller.actor.accounts() {
            match self.authorize(caller, id).await {
                Ok(permit) => permits.push(permit),
                Err(Error::Denied | Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(permits)
    }
}

/// Whether the zone stands for this name or one above it.
fn is_at_or_below_zone(account_id: AccountId, name: &Hostname, zone: ZoneId) -> bool {
    let above = std::iter::successors(Some(name.as_str()), |name| Some(name.split_once('.')?.1));
    above
        .filter_map(|name| name.parse::<Hostname>().ok())
        .any(|name| zone_id(account_id, &name) == zone)
}
