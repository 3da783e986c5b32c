//! Host names of Workers besides their own, routes, and what clients take for the zones of both.

use coffer_types::{
    AccountId, Hostname, RoutePattern, WorkerHostId, WorkerName, WorkerRouteId, ZoneId,
};
use serde::{Deserialize, Serialize};

/// A host name at which a Worker answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomDomain {
    /// Names it in paths.
    pub id: WorkerHostId,
    /// Stands for the name itself: there are no zones.
    pub zone_id: ZoneId,
    /// The name itself.
    pub zone_name: Hostname,
    /// The name.
    pub hostname: Hostname,
    /// The Worker.
    pub service: WorkerName,
    /// Always `production`.
    pub environment: String,
    /// Whether the Worker answers there.
    pub enabled: bool,
    /// Always `false`: previews have host names of their own.
    pub previews_enabled: bool,
    /// Always empty, as certificates are the operator's; one of the official SDKs needs it to be there.
    pub cert_id: String,
}

/// A host name in what a request would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedDomain {
    /// Of a name that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<WorkerHostId>,
    /// Stands for the name itself.
    pub zone_id: ZoneId,
    /// The name itself.
    pub zone_name: Hostname,
    /// The name.
    pub hostname: Hostname,
    /// The Worker that would answer.
    pub service: WorkerName,
    /// Always `production`.
    pub environment: String,
    /// Whether it would answer.
    pub enabled: bool,
    /// Always `false`.
    pub previews_enabled: bool,
    /// Whether anything would be other than it is.
    pub modified: bool,
}

/// What a request for host names would change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DomainChangeset {
    /// Names that would be new to the account.
    pub added: Vec<PlannedDomain>,
    /// Names that the Worker would lose.
    pub removed: Vec<PlannedDomain>,
    /// Names that the account has.
    pub updated: Vec<PlannedDomain>,
    /// Names with DNS records in the way. Never any: Coffer keeps no DNS.
    pub conflicting: Vec<PlannedDomain>,
}

/// A route to a Worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerRoute {
    /// Names it in paths.
    pub id: WorkerRouteId,
    /// Which requests it is for.
    pub pattern: RoutePattern,
    /// The Worker that answers them.
    pub script: WorkerName,
    /// Stands for the host in the pattern.
    pub zone_id: ZoneId,
    /// The host in the pattern, without its wildcard.
    pub zone_name: Hostname,
}

/// A name as clients ask for the zone that it is in. Each name is its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Zone {
    /// Stands for the name in this account.
    pub id: ZoneId,
    /// The name.
    pub name: Hostname,
    /// Always `active`.
    pub status: &'static str,
    /// Always `false`.
    pub paused: bool,
    /// Always `full`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The account that was asked about.
    pub account: ZoneAccount,
}

/// The account of a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ZoneAccount {
    /// Which.
    pub id: AccountId,
    /// Its name.
    pub name: String,
}
