//! The shapes of accounts, users, memberships and token checks.

use coffer_types::{AccountId, Email, MemberId, Timestamp, TokenId, UserId};
use serde::{Deserialize, Serialize};

/// An account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The account.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
    /// Always `standard`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Settings.
    pub settings: AccountSettings,
    /// When it was made.
    pub created_on: Timestamp,
}

/// Settings of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSettings {
    /// Whether members must use a second factor.
    pub enforce_twofactor: bool,
}

/// A user, as the user sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// The user.
    pub id: UserId,
    /// The address.
    pub email: Email,
    /// A name that clients show; the part of the address before the `@`.
    pub username: String,
    /// Not kept.
    pub first_name: Option<String>,
    /// Not kept.
    pub last_name: Option<String>,
    /// Whether a second factor is set up.
    pub two_factor_authentication_enabled: bool,
    /// Whether the user may not sign in.
    pub suspended: bool,
    /// When the user was made.
    pub created_on: Timestamp,
    /// When the user was last changed.
    pub modified_on: Timestamp,
}

/// A user's membership, as the user sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// The membership.
    pub id: MemberId,
    /// `accepted`.
    pub status: String,
    /// The account.
    pub account: MembershipAccount,
    /// The roles' names.
    pub roles: Vec<String>,
    /// What the roles permit, by area.
    pub permissions: serde_json::Map<String, serde_json::Value>,
}

/// The account of a membership.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MembershipAccount {
    /// The account.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
}

/// The state of the token that asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenState {
    /// The token.
    pub id: TokenId,
    /// `active`.
    pub status: String,
    /// It is refused from here on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Timestamp>,
    /// It is refused before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
}
