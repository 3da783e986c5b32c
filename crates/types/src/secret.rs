//! Facts about a secret that are not its value.

use serde::{Deserialize, Serialize};

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
