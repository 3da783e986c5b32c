//! Why a backup was not made, or not restored.

use std::io;
use std::path::{Path, PathBuf};

use coffer_crypto::{KeyringError, RootKeyError};
use coffer_store::backup::CopyError;

use crate::installation::InstallationError;
use crate::log::LogError;

/// Why a backup was not made, or not restored. Nothing is left of it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something is in the target's place.
    #[error("{} exists and is not overwritten: name another file", .0.display())]
    Exists(PathBuf),
    /// There is nowhere to put the backup.
    #[error("there is no directory {}: make it first", .0.display())]
    NoDirectory(PathBuf),
    /// The directory to restore into is in use.
    #[error(
        "{} is not empty ({} is in it): name a directory that is, or does not exist",
        directory.display(), found.display()
    )]
    NotEmpty {
        /// The directory.
        directory: PathBuf,
        /// Something in it.
        found: PathBuf,
    },
    /// Nobody says where the root key is.
    #[error(
        "a backup does not hold the root key: give it with --root-key FILE, or put it at {} first",
        .0.display()
    )]
    NoRootKey(PathBuf),
    /// There is another root key in the directory already.
    #[error("{} is another root key than the one that was given: remove one of the two", .0.display())]
    OtherRootKey(PathBuf),
    /// The root key is another's.
    #[error(
        "the root key in {} (fingerprint {fingerprint}) does not open this backup: use the one that was in use when the \
         backup was made",
        path.display()
    )]
    WrongRootKey {
        /// Its file.
        path: PathBuf,
        /// Tells it from others.
        fingerprint: String,
    },
    /// The database was begun and never used.
    #[error(
        "the database does not tell which installation it is: it is damaged or was never initialised"
    )]
    NeverInitialised,
    /// Its audit log is not what was signed.
    #[error(
        "the audit log in {} is not what was signed ({damage}): use another backup, and keep this one as evidence",
        path.display()
    )]
    LogDamaged {
        /// The backup.
        path: PathBuf,
        /// What is wrong.
        damage: String,
    },
    /// A file or directory could not be written.
    #[error("failed to write {}: {source}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The copy.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeyringError),
    /// The root key's file.
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
    /// What was restored does not open.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// The audit log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl BackupError {
    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }
}
