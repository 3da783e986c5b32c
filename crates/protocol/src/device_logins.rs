//! The shapes of devices that sign in, with the words of RFC 8628.

use coffer_types::{Timestamp, TokenId};
use serde::{Deserialize, Serialize};

/// How a device's question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceLoginStatus {
    /// The user did not answer yet.
    AuthorizationPending,
    /// The same, and the device asks too often.
    SlowDown,
    /// The user said no.
    AccessDenied,
    /// It waited too long, or the server does not know it.
    ExpiredToken,
    /// The user said yes: the answer holds a token.
    Approved,
}

/// The token of a device that is signed in, without its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceToken {
    /// The token.
    pub id: TokenId,
    /// What the user's list of tokens calls it.
    pub name: String,
    /// It is refused from here on.
    pub expires_on: Option<Timestamp>,
}
