//! The shapes of the Secrets Store API. None of them has room for a value.

use coffer_types::{
    AccountId, Comment, Scopes, SecretId, SecretName, SecretStatus, StoreId, StoreName, Timestamp,
};
use serde::{Deserialize, Serialize};

/// A Secrets Store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Store {
    /// The store.
    pub id: StoreId,
    /// The account that owns it.
    pub account_id: AccountId,
    /// Its name.
    pub name: StoreName,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
}

/// A secret's metadata.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Secret {
    /// The secret.
    pub id: SecretId,
    /// Its store.
    pub store_id: StoreId,
    /// Its name.
    pub name: SecretName,
    /// What people say of it.
    pub comment: Option<Comment>,
    /// Who may use it, sorted.
    pub scopes: Scopes,
    /// How far its last change has come.
    pub status: SecretStatus,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
}

/// The account's quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Of secrets.
    pub secrets: QuotaOf,
}

/// A limit and how much of it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaOf {
    /// The limit.
    pub quota: u32,
    /// How much is used.
    pub usage: u32,
}
