//! The shapes of accounts, users, memberships and token checks.

use coffer_types::{
    AccountId, Email, MemberId, MembershipStatus, PersonName, Timestamp, TokenId, UserId,
};
use serde::{Deserialize, Serialize};

use crate::members::{Areas, MemberPolicy};

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
    /// The first name, if the user told one.
    pub first_name: Option<PersonName>,
    /// The last name, if the user told one.
    pub last_name: Option<PersonName>,
    /// Not kept.
    pub country: Option<String>,
    /// Not kept.
    pub telephone: Option<String>,
    /// Not kept.
    pub zipcode: Option<String>,
    /// Whether a second factor is set up.
    pub two_factor_authentication_enabled: bool,
    /// Whether an account asks for a second factor.
    pub two_factor_authentication_locked: bool,
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
    /// Whether the user is in the account.
    pub status: MembershipStatus,
    /// The account.
    pub account: Account,
    /// Whether the user may use the API there; always so.
    pub api_access_enabled: bool,
    /// The roles' names.
    pub roles: Vec<String>,
    /// What the roles permit, by area; nothing before the user accepted.
    pub permissions: Areas,
    /// The roles as policies.
    pub policies: Vec<MemberPolicy>,
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
