//! Making a backup.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use coffer_crypto::{Keyring, KeyringError, RootKey, RootKeyError, RootKeyFiles};
use coffer_store::Files;
use coffer_store::backup::{self, Backup, CopyError};
use coffer_types::Random;

use super::{BackupError, BackupSummary, check};
use crate::installation::wrapped_master_keys;

/// How long a backup of this data directory will be, about.
///
/// # Errors
/// [`BackupError::Copy`].
pub async fn expected_bytes(directory: &Path) -> Result<u64, BackupError> {
    Ok(backup::expected_bytes(&Files::new(directory)).await?)
}

/// Copies the database of a data directory into a new file, which appears under its name whole and checked, or not at
/// all. A server may use the directory: whatever it acknowledged before this began is in the copy. `told` gets the name
/// under which the file grows. The root key is used to recognise the audit log's signature, if it is there.
///
/// # Errors
/// [`BackupError`]; nothing is left behind then, nor when this is dropped.
pub async fn back_up(
    directory: &Path,
    target: &Path,
    root_key: &RootKeyFiles,
    random: &dyn Random,
    told: impl FnOnce(&Path),
) -> Result<BackupSummary, BackupError> {
    let target = std::path::absolute(target).map_err(BackupError::write(target))?;
    if target.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(target));
    }
    if let Some(directory) = target.parent().filter(|directory| !directory.is_dir()) {
        return Err(BackupError::NoDirectory(directory.to_owned()));
    }
    let growing = Growing::beside(&target, random)?;
    told(&growing.path);
    backup::copy(&Files::new(directory), &growing.path).await?;
    let mut made = Backup::open(&growing.path).await?;
    let root_key = fitting(&mut made, root_key).await?;
    let summary = check(&mut made, root_key.as_ref()).await?;
    drop(made);
    growing.take_name(&target)?;
    Ok(summary)
}

/// The root key, if there is one at hand. One that does not fit is told of: such a backup would open for nobody.
async fn fitting(made: &mut Backup, files: &RootKeyFiles) -> Result<Option<RootKey>, BackupError> {
    let master_keys = wrapped_master_keys(made).await.map_err(CopyError::from)?;
    let open = |key: &RootKey| Keyring::open(key, &master_keys).map_err(BackupError::from);
    match files.find(open, |_| true) {
        Ok(found) => Ok(Some(found.key)),
        Err(BackupError::RootKey(RootKeyError::Missing(_))) => Ok(None),
        Err(BackupError::Keys(KeyringError::WrongRootKey)) => {
            Err(KeyringError::WrongRootKey.into())
        }
        Err(other) => Err(other),
    }
}

/// A file that is being written. It is removed when this is dropped.
struct Growing {
    path: PathBuf,
}

impl Growing {
    /// An empty file beside another, for its owner alone.
    fn beside(target: &Path, random: &dyn Random) -> Result<Self, BackupError> {
        let mut suffix = [0; 8];
        random.fill(&mut suffix);
        let path = target.with_added_extension(format!("{}.partial", hex::encode(suffix)));
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(BackupError::write(target))?;
        Ok(Self { path })
    }

    /// Gives the file its name, and never another's.
    fn take_name(self, target: &Path) -> Result<(), BackupError> {
        match fs::hard_link(&self.path, target) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BackupError::Exists(target.to_owned()));
            }
            // A file system without links; between the look and the renaming nothing but a race could lie.
            Err(_) if !target.exists() => {
                fs::rename(&self.path, target).map_err(BackupError::write(target))?;
            }
            Err(error) => return Err(BackupError::write(target)(error)),
        }
        let directory = target.parent().unwrap_or(target);
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(BackupError::write(target))
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        // Renamed, it is gone already.
        let _ = fs::remove_file(&self.path);
        // SQLite's own, if it was interrupted.
        let _ = fs::remove_file(self.path.with_added_extension("journal"));
    }
}
