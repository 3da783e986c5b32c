//! The root key's file while it is replaced: two files for a moment, of which one fits the database.
//!
//! The new key is on disk as `root.key.next` before the database is written under it, and takes its place as `root.key`
//! after the commit. The key before stays beside it under its fingerprint: backups from before need it. Whoever opens
//! a database after a crash between the two finds by trying which one fits.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use coffer_types::Random;

use crate::root_key::{RootKey, RootKeyError, io_error, sync_directory};

/// The files of a root key: the one in use, and the one that is about to be.
#[derive(Clone, Debug)]
pub struct RootKeyFiles {
    current: PathBuf,
}

/// A root key that fits, and what it opened.
#[derive(Debug)]
pub struct FoundRootKey<T> {
    /// The key.
    pub key: RootKey,
    /// What came of trying it.
    pub opened: T,
    /// Whether it was found as the next one: a rotation was interrupted after its commit.
    pub is_next: bool,
}

impl RootKeyFiles {
    /// The files of the root key that is kept at this path.
    pub fn new(current: impl Into<PathBuf>) -> Self {
        Self {
            current: current.into(),
        }
    }

    /// The file of the key in use.
    pub fn current(&self) -> &Path {
        &self.current
    }

    /// The file of a key that is about to be used.
    pub fn next(&self) -> PathBuf {
        self.current.with_added_extension("next")
    }

    /// The file that keeps a key which was used before.
    pub fn former(&self, fingerprint: &str) -> PathBuf {
        self.current.with_added_extension(fingerprint)
    }

    /// The key with which `open` succeeds: the one in use; or the next one, if there is one and `fits_not` says of the
    /// first failure that another key might do.
    ///
    /// # Errors
    /// The first key's [`RootKeyError`] or failure.
    pub fn find<T, E: From<RootKeyError>>(
        &self,
        mut open: impl FnMut(&RootKey) -> Result<T, E>,
        fits_not: impl FnOnce(&E) -> bool,
    ) -> Result<FoundRootKey<T>, E> {
        let first = RootKey::load(&self.current).map_err(E::from);
        let failure = match first.and_then(|key| Ok((open(&key)?, key))) {
            Ok((opened, key)) => {
                return Ok(FoundRootKey {
                    key,
                    opened,
                    is_next: false,
                });
            }
            Err(failure) => failure,
        };
        if !fits_not(&failure) {
            return Err(failure);
        }
        let Ok(key) = RootKey::load(&self.next()) else {
            return Err(failure);
        };
        match open(&key) {
            Ok(opened) => Ok(FoundRootKey {
                key,
                opened,
                is_next: true,
            }),
            Err(_) => Err(failure),
        }
    }

    /// A new root key in the file of the next one. What an interrupted rotation left there is replaced: the caller has
    /// found that the key in use fits the database.
    ///
    /// # Errors
    /// [`RootKeyError::Io`].
    pub fn prepare(&self, random: &dyn Random) -> Result<RootKey, RootKeyError> {
        let next = self.next();
        match fs::remove_file(&next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error(&next, "removed")(error));
            }
            _ => {}
        }
        RootKey::create(&next, random)
    }

    /// Puts the next key in the place of the one in use, which is kept under its fingerprint. Repeated after a crash, it
    /// goes on where that was. Gives the file that keeps the key before, if there was one.
    ///
    /// # Errors
    /// [`RootKeyError`] for a file that is no root key or cannot be renamed.
    pub fn promote(&self) -> Result<Option<PathBuf>, RootKeyError> {
        let kept = match RootKey::load(&self.current) {
            Ok(before) => {
                let former = self.former(before.fingerprint());
                match fs::hard_link(&self.current, &former) {
                    // Of the same fingerprint: the same key, linked before a crash.
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(io_error(&former, "created")(error));
                    }
                    _ => Some(former),
                }
            }
            Err(RootKeyError::Missing(_)) => None,
            Err(error) => return Err(error),
        };
        fs::rename(self.next(), &self.current)
            .and_then(|()| sync_directory(&self.current))
            .map_err(io_error(&self.current, "replaced"))?;
        Ok(kept)
    }
}
