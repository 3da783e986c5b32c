//! The audit log as whoever checks it sees it: verified, exported, and signed by the installation's own key.
//!
//! Reading goes past the engine, on a snapshot of the database or on an export of it, because a log must also be
//! checked while nobody serves it, and where neither database nor root key is.

mod analysis;
mod export;
mod finding;
mod layout;
mod signer;
mod source;
mod verified;
mod verify;

use std::path::{Path, PathBuf};

use coffer_crypto::{
    InvalidVerifierKey, Keyring, KeyringError, RootKey, RootKeyError, RootKeyFiles, VerifierKey,
};
use coffer_store::log::Snapshot;
use coffer_store::rows::{audit_checkpoints, instance};
use coffer_store::{Files, OpenError, StoreError};

pub use coffer_crypto::VerifierKey as LogKey;
pub use coffer_store::log::LogHead;
pub use export::Exported;
pub use finding::{Finding, Verification};
pub use signer::signer;
pub(crate) use signer::{key, warn_of_damage};
pub use verified::LastVerified;
pub use verify::{GivenCheckpoint, verify_export};

use crate::installation::wrapped_master_keys;

/// Told how many events were read so far, now and then.
pub type Progress<'p> = &'p mut (dyn FnMut(u64) + Send);

/// Why a log could not be read at all. What is wrong with a log that was read is a [`Finding`].
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The database was not opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database failed.
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
    /// The root key does not belong to the database.
    #[error(transparent)]
    Keys(#[from] KeyringError),
    /// The root key's file cannot be used.
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
    /// The installation has no id that a key could bear.
    #[error(
        "the database does not tell which installation it is: it is damaged or was never initialised"
    )]
    NoKey,
    /// A text that is no key.
    #[error(transparent)]
    InvalidKey(#[from] InvalidVerifierKey),
    /// The newest signature is gone.
    #[error("the audit log has no checkpoint: run `coffer audit verify`")]
    NoCheckpoint,
    /// No export is there.
    #[error(
        "{0} is no export of an audit log: name the directory that `coffer audit export` made, or its entries.ndjson"
    )]
    NoExport(PathBuf),
    /// Something is in the export's place.
    #[error("{0} exists: name a directory that does not")]
    Exists(PathBuf),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The audit log of a data directory, as it was when it was opened. A server may go on writing.
#[derive(Debug)]
pub struct AuditLog {
    snapshot: Snapshot,
}

impl AuditLog {
    /// Begins to read the log of a data directory.
    ///
    /// # Errors
    /// [`LogError::Open`].
    pub async fn open(directory: &Path) -> Result<Self, LogError> {
        let snapshot = Snapshot::open(&Files::new(directory)).await?;
        Ok(Self { snapshot })
    }

    /// The key that signs the log. It follows from the root key and the master key, so that none can be slipped into the
    /// database.
    ///
    /// # Errors
    /// [`LogError::NoKey`] or [`LogError::Keys`].
    pub async fn key(&mut self, root_key: &RootKey) -> Result<VerifierKey, LogError> {
        let master_keys = wrapped_master_keys(&mut self.snapshot).await?;
        let keyring = Keyring::open(root_key, &master_keys)?;
        self.key_of(&keyring).await
    }

    /// As [`key`](Self::key), with the root key of a file: where a rotation was interrupted, of the one that fits.
    ///
    /// # Errors
    /// As [`key`](Self::key), and [`LogError::RootKey`].
    pub async fn key_with(&mut self, files: &RootKeyFiles) -> Result<VerifierKey, LogError> {
        let master_keys = wrapped_master_keys(&mut self.snapshot).await?;
        let open = |key: &RootKey| Keyring::open(key, &master_keys).map_err(LogError::from);
        let found = files.find(open, |_| true)?;
        self.key_of(&found.opened).await
    }

    async fn key_of(&mut self, keyring: &Keyring) -> Result<VerifierKey, LogError> {
        let id = instance::id(&mut self.snapshot).await?;
        let key = key(keyring, &id.unwrap_or_default()).map_err(|_| LogError::NoKey)?;
        Ok(key.verifier().clone())
    }

    /// The newest signed checkpoint.
    ///
    /// # Errors
    /// [`LogError::NoCheckpoint`].
    pub async fn checkpoint(&mut self) -> Result<String, LogError> {
        let head = audit_checkpoints::head(&mut self.snapshot).await?;
        head.ok_or(LogError::NoCheckpoint)
    }
}
