//! Devices that sign in, by a code that their user types where the user is signed in already: the flow of RFC 8628.
//!
//! A device asks and is given two codes: one that it keeps, with which it asks whether it is signed in, and a short one
//! that its user types into the dashboard, or opens there. The user sees which device asks from where, and approves or
//! denies. When the device asks next, a token is made and told once; its text was nowhere before.
//!
//! Asking needs no credentials, so it writes nothing to the database: devices that wait are in memory, few at once and
//! fewer from one address, for ten minutes. Of the codes only authentication codes are kept. A restart of the server
//! forgets who waits; nothing was given to them yet.

mod answer;
mod ask;
mod poll;
mod waiting;

use std::net::IpAddr;

use coffer_crypto::SecretValue;
use coffer_types::Timestamp;

use crate::engine::Engine;
use crate::tokens::CreatedToken;

pub(crate) use waiting::DeviceLogins;

/// What a device says of itself when it asks.
#[derive(Clone, Debug, Default)]
pub struct NewDeviceLogin {
    /// What it calls itself. Whoever asks may write anything, so it proves nothing.
    pub name: String,
}

/// What a device is given that asks.
#[derive(Debug)]
pub struct DeviceLoginAsked {
    /// With what the device asks again. Told once.
    pub device_code: SecretValue,
    /// What its user types, as `BCDF-GHJK`.
    pub user_code: String,
}

/// A device that waits, as its user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceLogin {
    /// What it calls itself.
    pub name: String,
    /// From where it asked, if that is known.
    pub address: Option<IpAddr>,
    /// When it asked.
    pub asked_at: Timestamp,
    /// It waits no longer.
    pub expires_at: Timestamp,
}

/// What a device is told that asks again.
#[derive(Debug)]
pub enum DevicePoll {
    /// Nobody answered yet.
    Pending,
    /// The same, and it asks too often.
    SlowDown,
    /// The user said no.
    Denied,
    /// It waited too long, or nobody knows it.
    Expired,
    /// It is signed in with this token.
    Approved(Box<CreatedToken>),
}

/// Letters that are told apart when they are read aloud or typed, and spell no words.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Letters of a code for people: 20^8 codes, of which a thousand at most count at once.
const USER_CODE_CHARS: usize = 8;

/// Begin what is authenticated, so that no code is also that of something else.
const DEVICE_PURPOSE: &[u8] = b"device code ";
const USER_PURPOSE: &[u8] = b"device user code ";

/// What is kept of a code.
type CodeMac = [u8; 32];

impl Engine {
    fn device_code_mac(&self, code: &str) -> CodeMac {
        self.session_mac
            .sign_parts([DEVICE_PURPOSE, code.as_bytes()])
    }

    /// What is kept of a code for people, however it is typed; `None` if it cannot be one.
    fn user_code_mac(&self, typed: &str) -> Option<CodeMac> {
        let code: String = typed
            .chars()
            .filter(|character| *character != '-' && !character.is_whitespace())
            .map(|character| character.to_ascii_uppercase())
            .collect();
        let is_code =
            code.len() == USER_CODE_CHARS && code.bytes().all(|letter| ALPHABET.contains(&letter));
        is_code.then(|| self.session_mac.sign_parts([USER_PURPOSE, code.as_bytes()]))
    }
}
