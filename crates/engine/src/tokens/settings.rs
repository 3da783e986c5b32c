//! What the owner of a token chooses.

use coffer_types::{IpCondition, Policy, Timestamp, TokenName};

/// What the owner of a token chooses: all of it, each time.
#[derive(Clone, Debug)]
pub struct TokenSettings {
    /// What the owner calls it.
    pub name: TokenName,
    /// Whether it may be used; `None` leaves that as it is, which for a new one is yes.
    pub enabled: Option<bool>,
    /// What it allows.
    pub policies: Vec<Policy>,
    /// From where it may be used.
    pub condition: IpCondition,
    /// It is refused before.
    pub not_before: Option<Timestamp>,
    /// It is refused from here on.
    pub expires_on: Option<Timestamp>,
}
