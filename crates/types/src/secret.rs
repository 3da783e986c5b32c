//! Facts about a secret that are not its value.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, SecretId, StoreId, WorkerId, WorkerSecretId};

/// Counts a secret's values, from 1. It is bound into the sealed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ValueVersion(pub u32);

impl ValueVersion {
    /// The first value.
    pub const FIRST: Self = Self(1);

    /// The value after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Where a value lives. It is bound into the value's envelope, so that a sealed value moved anywhere else
/// does not open. Only facts that never change are part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The account that owns the value.
    pub account_id: AccountId,
    /// What the value belongs to, and its id there.
    pub owner: Owner,
    /// Which of the secret's values.
    pub value_version: ValueVersion,
}

/// What a value belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A secret of a store.
    Store(StoreId, SecretId),
    /// A `secret_text` binding of a Worker.
    Worker(WorkerId, WorkerSecretId),
}

/// An account key as it is stored and sent: wrapped under a master key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedAccountKey {
    /// Counts the account's keys, from 1; it is named in every envelope.
    pub version: u32,
    /// The master key that wraps it.
    pub master_version: u32,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
}

/// How far a secret's last change has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretStatus {
    /// Some live edge has yet to apply it.
    Pending,
    /// Every live edge has applied it.
    Active,
    /// It is gone.
    Deleted,
}

impl SecretStatus {
    /// The status' name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }
}
