//! Making an installation of a backup.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use coffer_crypto::{KeyringError, RootKey, RootKeyFiles};
use coffer_store::Files;
use coffer_store::backup::Backup;
use coffer_types::{Clock, Random};

use super::{BackupError, BackupSummary, check};
use crate::installation::Installation;
use crate::log::AuditLog;

/// The name of the root key in a data directory.
const ROOT_KEY: &str = "root.key";
/// Where an installation is put together in its directory. One that an interrupted restoring left is removed.
const UNFINISHED: &str = "restore.partial";
/// Bytes copied at once.
const PIECE: usize = 1 << 20;

/// How far restoring is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restoring {
    /// The backup is read and checked.
    Checking,
    /// So many bytes are copied.
    Copied(u64),
    /// So many events of the audit log are verified.
    Verified(u64),
}

/// Makes an installation of a backup in a directory that is empty, missing, or holds nothing but the root key. It is put
/// together and opened beside its place, so that there is all of it or nothing. The audit log tells that it was restored.
///
/// # Errors
/// [`BackupError`]; the directory is as it was then.
pub async fn restore(
    path: &Path,
    directory: &Path,
    root_key: Option<&Path>,
    (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
    progress: &mut (dyn FnMut(Restoring) + Send),
) -> Result<BackupSummary, BackupError> {
    let place = Target::look(directory)?;
    let key_path = place.root_key(root_key)?;
    progress(Restoring::Checking);
    let mut backup = Backup::open(path).await?;
    let key = RootKey::load(&key_path)?;
    let fingerprint = key.fingerprint().to_owned();
    let checked = check(&mut backup, Some(&key)).await;
    drop(backup);
    let summary = checked.map_err(|error| match error {
        BackupError::Keys(KeyringError::WrongRootKey) => BackupError::WrongRootKey {
            path: key_path.clone(),
            fingerprint,
        },
        other => other,
    })?;
    if let Some(damage) = summary.log_damage.clone() {
        let path = path.to_owned();
        return Err(BackupError::LogDamaged { path, damage });
    }
    let unfinished = Unfinished::begin(place)?;
    let files = Files::new(&unfinished.path);
    copy(path, &files.database(), progress)?;
    let copied_key = RootKeyFiles::new(unfinished.path.join(ROOT_KEY));
    RootKey::copy(&key_path, copied_key.current(), random.as_ref())?;
    open_and_verify(
        &unfinished.path,
        path,
        &copied_key,
        (clock, random),
        progress,
    )
    .await?;
    unfinished.take_place()?;
    Ok(summary)
}

/// Opens what was restored, which brings its schema up to date, tells of it in the audit log, and reads all of that.
async fn open_and_verify(
    directory: &Path,
    backup: &Path,
    root_key: &RootKeyFiles,
    (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
    progress: &mut (dyn FnMut(Restoring) + Send),
) -> Result<(), BackupError> {
    let installation = Installation::open_with(directory, root_key, clock, random).await?;
    let told = installation.tell_restored().await;
    installation.close().await;
    drop(installation);
    told?;
    let mut log = AuditLog::open(directory).await?;
    let key = log.key_with(root_key).await?;
    let mut verified = |events| progress(Restoring::Verified(events));
    let verification = log.verify(&key, &[], &mut verified).await?;
    match verification.findings.first() {
        None if verification.ok => Ok(()),
        finding => Err(BackupError::LogDamaged {
            path: backup.to_owned(),
            damage: finding.map_or_else(String::new, ToString::to_string),
        }),
    }
}

fn copy(
    from: &Path,
    to: &Path,
    progress: &mut (dyn FnMut(Restoring) + Send),
) -> Result<(), BackupError> {
    let mut source = File::open(from).map_err(BackupError::write(from))?;
    let mut write = || {
        let mut target = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(to)?;
        let mut piece = vec![0; PIECE];
        let mut copied = 0;
        loop {
            let read = source.read(&mut piece)?;
            if read == 0 {
                return target.sync_all();
            }
            target.write_all(&piece[..read])?;
            copied += read as u64;
            progress(Restoring::Copied(copied));
        }
    };
    write().map_err(BackupError::write(to))
}

/// A directory to restore into, as it was found.
struct Target {
    directory: PathBuf,
    /// Whether it was there.
    existed: bool,
}

impl Target {
    fn look(directory: &Path) -> Result<Self, BackupError> {
        let existed = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(BackupError::write(directory)(error)),
            Ok(entries) => {
                let names: Result<Vec<_>, _> = entries
                    .map(|entry| entry.map(|entry| entry.file_name()))
                    .collect();
                let names = names.map_err(BackupError::write(directory))?;
                let others = names
                    .iter()
                    .filter(|name| *name != ROOT_KEY && *name != UNFINISHED);
                if let Some(found) = others.min() {
                    return Err(BackupError::NotEmpty {
                        directory: directory.to_owned(),
                        found: found.into(),
                    });
                }
                true
            }
        };
        Ok(Self {
            directory: directory.to_owned(),
            existed,
        })
    }

    /// The file of the root key to use: the one that was given, or the one that lies ready.
    fn root_key(&self, given: Option<&Path>) -> Result<PathBuf, BackupError> {
        let ready = self.directory.join(ROOT_KEY);
        match given {
            None if ready.exists() => Ok(ready),
            None => Err(BackupError::NoRootKey(ready)),
            Some(given) if !ready.exists() => Ok(given.to_owned()),
            Some(given) => {
                let (one, other) = (RootKey::load(given)?, RootKey::load(&ready)?);
                if one.fingerprint() == other.fingerprint() {
                    Ok(ready)
                } else {
                    Err(BackupError::OtherRootKey(ready))
                }
            }
        }
    }
}

/// An installation that is being put together. What is not finished is removed when this is dropped.
struct Unfinished {
    path: PathBuf,
    target: Target,
}

impl Unfinished {
    fn begin(target: Target) -> Result<Self, BackupError> {
        let path = target.directory.join(UNFINISHED);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(BackupError::write(&path)(error));
            }
            _ => {}
        }
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        let unfinished = Self { path, target };
        made.map_err(BackupError::write(&unfinished.path))?;
        Ok(unfinished)
    }

    /// Puts the files in their place, the database last: with it there is an installation.
    fn take_place(mut self) -> Result<(), BackupError> {
        let directory = &self.target.directory;
        let files = Files::new(directory);
        let database = files.database();
        let name = database.file_name().unwrap_or_default();
        let key = directory.join(ROOT_KEY);
        let place = || {
            if !key.exists() {
                fs::rename(self.path.join(ROOT_KEY), &key)?;
            }
            fs::rename(self.path.join(name), &database)?;
            File::open(directory)?.sync_all()
        };
        place().map_err(BackupError::write(directory))?;
        self.target.existed = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
        if !self.target.existed {
            // Only an empty one: it was made for this.
            let _ = fs::remove_dir(&self.target.directory);
        }
    }
}
