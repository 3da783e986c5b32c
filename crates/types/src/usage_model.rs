//! How the use of Workers is billed elsewhere. Nothing is billed here: clients set it and read it back.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A usage model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageModel {
    /// The present one.
    #[default]
    Standard,
    /// An earlier one.
    Bundled,
    /// Another earlier one.
    Unbound,
}

impl UsageModel {
    /// Every usage model.
    pub const ALL: [Self; 3] = [Self::Standard, Self::Bundled, Self::Unbound];

    /// As clients write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Bundled => "bundled",
            Self::Unbound => "unbound",
        }
    }
}

impl fmt::Display for UsageModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no usage model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be standard, bundled or unbound")]
pub struct UnknownUsageModel;

impl FromStr for UsageModel {
    type Err = UnknownUsageModel;

    fn from_str(text: &str) -> Result<Self, UnknownUsageModel> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == text);
        found.ok_or(UnknownUsageModel)
    }
}
