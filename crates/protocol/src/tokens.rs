//! The shapes of API tokens and permission groups. None of them carries a token's text.

use std::collections::BTreeMap;

use coffer_types::{Effect, Timestamp, TokenId, TokenName};
use serde::{Deserialize, Serialize};

/// An API token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// The token.
    pub id: TokenId,
    /// What its owner calls it.
    pub name: TokenName,
    /// Whether it can be used, but for `not_before`.
    pub status: TokenStatus,
    /// When its present text was made.
    pub issued_on: Timestamp,
    /// When it was last changed.
    pub modified_on: Timestamp,
    /// When it was last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_on: Option<Timestamp>,
    /// It is refused before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// It is refused from here on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Timestamp>,
    /// From where it may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// What it allows.
    pub policies: Vec<Policy>,
}

/// Whether a token can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenStatus {
    /// It can.
    Active,
    /// Its owner switched it off.
    Disabled,
    /// Its time is over.
    Expired,
}

/// A policy of a token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// 32 hexadecimal digits, of the policy's place in the token.
    pub id: String,
    /// Whether it grants or takes away.
    pub effect: Effect,
    /// What it grants or takes away.
    pub permission_groups: Vec<PolicyGroup>,
    /// What it is about. The values are `*`.
    pub resources: BTreeMap<String, String>,
}

/// A permission group in a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyGroup {
    /// The group.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// From where a token may be used. As it is asked for, its addresses may be any text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// By the address of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_ip: Option<RequestIp>,
}

/// From which addresses a token may be used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestIp {
    /// Only from these.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Vec<String>>,
    /// Never from these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_in: Option<Vec<String>>,
}

/// What a token is asked to be, before it is looked at.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenRequest {
    /// What its owner calls it.
    pub name: Option<String>,
    /// `active` or `disabled`.
    pub status: Option<String>,
    /// What it allows.
    pub policies: Option<Vec<PolicyRequest>>,
    /// From where it may be used.
    pub condition: Option<Condition>,
    /// It is refused before.
    pub not_before: Option<String>,
    /// It is refused from here on.
    pub expires_on: Option<String>,
}

/// What a policy is asked to be, before it is looked at.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyRequest {
    /// `allow` or `deny`.
    pub effect: Option<String>,
    /// What it grants or takes away.
    pub permission_groups: Option<Vec<GroupRequest>>,
    /// What it is about: names of resources, with `*`.
    pub resources: Option<serde_json::Map<String, serde_json::Value>>,
}

/// A permission group, asked for by its id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupRequest {
    /// The group.
    pub id: Option<String>,
}

/// A token that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedToken {
    /// The token.
    pub id: TokenId,
}

/// A permission group, as tokens can have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPermissionGroup {
    /// The group.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub scopes: Vec<String>,
    /// The kind of product it belongs to.
    pub category: String,
}

/// A permission group of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPermissionGroup {
    /// The group.
    pub id: String,
    /// Its name.
    pub name: String,
    /// More about it.
    pub meta: AccountPermissionGroupMeta,
}

/// More about a permission group of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPermissionGroupMeta {
    /// A name for programs.
    pub label: String,
    /// What it is about.
    pub scopes: String,
}
