//! Why keys were not rotated.

use std::path::PathBuf;

use coffer_crypto::{CryptoError, KeyringError, RootKeyError};
use coffer_store::StoreError;
use coffer_types::AccountId;

/// Why keys were not rotated, or not told of.
#[derive(Debug, thiserror::Error)]
pub enum KeyRotationError {
    /// Another rotation has the turn.
    #[error("another rotation of keys is under way: try again when it is done")]
    Busy,
    /// The root key came from elsewhere.
    #[error("the root key of this installation is not in a file")]
    NoFile,
    /// No such account.
    #[error("there is no account {0}: `coffer admin accounts` shows them")]
    NoAccount(AccountId),
    /// The root key does not fit, or master keys are damaged.
    #[error(transparent)]
    Keys(#[from] KeyringError),
    /// The root key's file cannot be read or written.
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
    /// The database is under the new root key, whose file could not be given its name.
    #[error(
        "the database is under the new root key now, which is in {}: {reason}; put that right and start Coffer once, \
         which finishes the rotation",
        next.display()
    )]
    NotPromoted {
        /// The new key's file.
        next: PathBuf,
        /// Why it stayed there.
        reason: RootKeyError,
    },
    /// An account's key does not unwrap.
    #[error(
        "a key of account {0} does not unwrap: the database is damaged; restore it from a backup"
    )]
    DamagedKey(AccountId),
    /// The cryptographic library refuses.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// A place in a walk that is none.
    #[error("{0:?} is no place to go on from: begin without one")]
    Cursor(String),
    /// The database failed.
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
}
