//! Host names of Workers besides their own, and routes.
//!
//! A name belongs to one account of the installation at a time: the first that claims it, until it lets go. The
//! gateway tells accounts apart by host names alone, so what two accounts claim never overlaps, wildcards included.

mod domains;
mod plan;
mod routes;
mod zones;

use coffer_types::{AccountId, Hostname, ZoneId};

/// A host name that a Worker should answer at.
#[derive(Clone, Debug)]
pub struct WantedHost {
    /// The name.
    pub host: Hostname,
    /// Whether the Worker answers there; `None` leaves that as it is, and on if the name is new.
    pub enabled: Option<bool>,
    /// Where the request names it.
    pub pointer: String,
}

/// What a request about host names does with what it does not name, or what another Worker has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostRules {
    /// Whether the Worker loses its other names.
    pub replace: bool,
    /// Whether names move here from other Workers of the account.
    pub move_from_others: bool,
}

/// What clients take for the id of the zone of a name: it stands for the name in the account.
pub(super) fn zone_id(account_id: AccountId, name: &Hostname) -> ZoneId {
    let mut hasher = blake3::Hasher::new_derive_key("coffer 2026-11-22 name of a host as a zone");
    hasher.update(account_id.as_bytes());
    hasher.update(name.as_str().as_bytes());
    let mut id = [0; 16];
    hasher.finalize_xof().fill(&mut id);
    ZoneId::from_bytes(id)
}
