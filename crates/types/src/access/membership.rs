//! How a user stands in an account.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whether a user is in an account. Only an accepted membership permits anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MembershipStatus {
    /// The user is in the account.
    Accepted,
    /// The user is invited.
    Pending,
    /// The user refused the invitation.
    Rejected,
}

/// A text that names no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be accepted, pending or rejected")]
pub struct UnknownMembershipStatus;

impl MembershipStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Pending, Self::Rejected];

    /// The status' word in storage and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Pending => "pending",
            Self::Rejected => "rejected",
        }
    }
}

impl FromStr for MembershipStatus {
    type Err = UnknownMembershipStatus;

    fn from_str(text: &str) -> Result<Self, UnknownMembershipStatus> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(UnknownMembershipStatus)
    }
}
