//! The shapes of sessions and of the global API key.

use coffer_types::{Email, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// A new session, as its user sees it. Its text is in the cookie that comes along, and nowhere else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewSession {
    /// The session.
    pub id: SessionId,
    /// When the user signed in.
    pub created_on: Timestamp,
    /// When it ends at the latest; it ends earlier if nobody uses it.
    pub expires_on: Timestamp,
    /// Who signed in.
    pub user: SessionUser,
}

/// Who signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionUser {
    /// The user.
    pub id: UserId,
    /// The address.
    pub email: Email,
}

/// A session in its user's list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// When the user signed in.
    pub created_on: Timestamp,
    /// When it ends at the latest; it ends earlier if nobody uses it.
    pub expires_on: Timestamp,
    /// When it was last used.
    pub last_used_on: Timestamp,
    /// Where the user signed in from.
    pub ip: Option<String>,
    /// With which client.
    pub user_agent: Option<String>,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// How many sessions were ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedSessions {
    /// How many.
    pub sessions_ended: u32,
}

/// Whether the global API key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlobalKeyState {
    /// Whether it may.
    pub enabled: bool,
}
