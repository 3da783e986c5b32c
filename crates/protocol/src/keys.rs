//! The keys of an installation as its operator sees them and is told of their rotation. They are named, by version or
//! fingerprint; none of these shapes holds one.

use std::path::PathBuf;

use coffer_types::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};

/// Every key of an installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyStatus {
    /// The root key.
    pub root_key: RootKeyStatus,
    /// The master keys, oldest first.
    pub master_keys: Vec<MasterKeyStatus>,
    /// The accounts with their keys, by id.
    pub accounts: Vec<AccountKeysStatus>,
}

/// The root key, which is not in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootKeyStatus {
    /// Its file.
    pub file: PathBuf,
    /// Tells it from other root keys.
    pub fingerprint: String,
}

/// A master key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasterKeyStatus {
    /// Counts master keys, from 1.
    pub version: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether new account keys are wrapped under it.
    pub current: bool,
    /// How many account keys it wraps.
    pub account_keys: u64,
}

/// An account's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountKeysStatus {
    /// The account.
    pub account_id: AccountId,
    /// Its name.
    pub account_name: String,
    /// The version that new values are sealed under.
    pub current_version: u32,
    /// How many values are still sealed under older ones.
    pub outdated_values: u64,
    /// Its keys, oldest first.
    pub keys: Vec<AccountKeyStatus>,
}

/// A key of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountKeyStatus {
    /// Counts the account's keys, from 1.
    pub version: u32,
    /// The master key that wraps it.
    pub master_version: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many values are sealed under it.
    pub values: u64,
}

/// What came of rotating the root key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRootKey {
    /// The new key's file.
    pub file: PathBuf,
    /// Tells the new key from others.
    pub fingerprint: String,
    /// Tells the key before from others.
    pub former_fingerprint: String,
    /// Where the key before is: backups from before need it.
    pub former_file: Option<PathBuf>,
}

/// What came of rotating the master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMasterKey {
    /// The new key's version.
    pub version: u32,
    /// How many account keys it wraps now.
    pub account_keys: u64,
}

/// The account to give a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotateAccountKey {
    /// The account.
    pub account_id: AccountId,
}

/// A new key of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAccountKey {
    /// The account.
    pub account_id: AccountId,
    /// The version that values are sealed under from now on.
    pub version: u32,
}

/// The next step of sealing an account's values anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reseal {
    /// The account.
    pub account_id: AccountId,
    /// Where to go on: what the step before gave; `None` for the first.
    pub after: Option<String>,
}

/// A step of sealing an account's values anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resealed {
    /// Values that this step sealed under the account's newest key.
    pub resealed: u32,
    /// Values that do not open as what they are kept as, and stayed as they were.
    pub damaged: u32,
    /// Where the next step goes on; `None` at the end.
    pub next: Option<String>,
}
