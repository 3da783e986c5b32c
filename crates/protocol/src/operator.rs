//! The shapes of the operator's socket: plain JSON, without the API's envelope. Passwords and links, which are
//! told once, are not among them: they are defined where they are made and where they are shown.

use coffer_types::{
    AccountId, AccountName, Email, MembershipStatus, Role, Subdomain, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

/// Who answers at the socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The server's version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Where people reach its API.
    pub public_url: String,
    /// What it waits for before it can serve; `None` if it can.
    pub waiting_for: Option<String>,
    /// Whether the audit log is not what was signed.
    pub audit_log_damaged: bool,
}

/// How the database is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Which version its schema has.
    pub schema: u32,
    /// What is wrong with its structure, in words; empty if nothing is.
    pub problems: Vec<String>,
    /// When the newest event of the audit log happened.
    pub newest_event_at: Option<Timestamp>,
    /// Events of the audit log.
    pub audit_events: u64,
    /// Why the audit log is not what was signed.
    pub audit_log_damage: Option<String>,
    /// The time, by the clock of who looks.
    pub now: Timestamp,
}

/// What an account may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Secrets Stores.
    pub stores: u32,
    /// Secrets in all of them together.
    pub secrets: u32,
    /// Bytes of one secret's value.
    pub value_bytes: u32,
    /// Workers.
    pub workers: u32,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The account.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// Its label in host names, if it has one.
    pub subdomain: Option<Subdomain>,
    /// Secrets it has.
    pub secrets: u32,
    /// What it may hold.
    pub limits: Limits,
}

/// An account to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// Its name.
    pub name: AccountName,
    /// Its label in host names, if it is to have one.
    pub subdomain: Option<Subdomain>,
    /// Its Super Administrator, who is made a user if there is none of this address.
    pub email: Email,
}

/// Another name for an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenameAccount {
    /// The account.
    pub account: AccountId,
    /// The name.
    pub name: AccountName,
}

/// Other limits for an account; what is left out stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeLimits {
    /// The account.
    pub account: AccountId,
    /// Secrets Stores.
    pub stores: Option<u32>,
    /// Secrets in all of them together.
    pub secrets: Option<u32>,
    /// Bytes of one secret's value.
    pub value_bytes: Option<u32>,
    /// Workers.
    pub workers: Option<u32>,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The user.
    pub id: UserId,
    /// The address.
    pub email: Email,
    /// Whether the user has a password; who was invited and has not answered has none.
    pub has_password: bool,
    /// Whether the user is asked for a second factor at sign-in.
    pub second_factor: bool,
    /// The accounts that the user is in or invited to.
    pub accounts: Vec<Membership>,
}

/// A user's place in an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// The user's roles there, now or once the user accepts.
    pub roles: Vec<Role>,
    /// Whether the user is in the account.
    pub status: MembershipStatus,
}

/// A user to be made, in an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The address.
    pub email: Email,
    /// The account.
    pub account: AccountId,
    /// The roles there; at least one.
    pub roles: Vec<Role>,
    /// Whether to make a link, by which the user chooses a password, instead of a password.
    pub invite: bool,
}

/// A user, by address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfUser {
    /// The address.
    pub email: Email,
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// In words, what is wrong and what would be right.
    pub error: String,
}
