//! The shapes of comparing values with those that are sealed. None of them has room for a value.

use coffer_types::SecretName;
use serde::{Deserialize, Serialize};

/// What came of comparing one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// The secret's name.
    pub name: SecretName,
    /// How it compares.
    pub state: Comparison,
}

/// How a value compares with that of the secret of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Comparison {
    /// The store has no secret of this name.
    Missing,
    /// The secret has another value.
    Different,
    /// The secret has this value.
    Same,
}
