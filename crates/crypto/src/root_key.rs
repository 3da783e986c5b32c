//! The root key and the file that provides it.
//!
//! The file is one line, `coffer-root-key-v1:<64 hexadecimal digits>`, readable by its owner alone.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use coffer_types::Random;
use zeroize::Zeroizing;

use crate::aead;
use crate::error::CryptoError;
use crate::wrap::WrappingKey;

/// What the file begins with: a reader sees what it is, and the format can change.
const PREFIX: &[u8] = b"coffer-root-key-v1:";
/// Bytes of the whole file: the prefix, two digits for each byte of the key, a line feed.
const FILE_BYTES: usize = PREFIX.len() + 64 + 1;

/// The label in the derivation of fingerprints.
const FINGERPRINT_LABEL: &str = "coffer root key fingerprint 1";
/// Bytes of a fingerprint: enough to tell the few keys of an operator apart.
const FINGERPRINT_BYTES: usize = 8;

/// The key that everything hangs on. It wraps master keys and does nothing else. Wiped when dropped.
pub struct RootKey {
    wrapping: WrappingKey,
    fingerprint: String,
}

/// Why there is no root key. Each says which file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    /// The file to create is there already. A root key is never overwritten: what it wraps would be lost.
    #[error("the root key file {} exists already and is never overwritten", .0.display())]
    Exists(PathBuf),
    /// No such file.
    #[error("the root key file {} is missing: put it back from where you keep it", .0.display())]
    Missing(PathBuf),
    /// Others than the owner may use the file.
    #[error(
        "the root key file {} is open to group or others (mode {mode:04o}): run chmod 0400 on it",
        path.display()
    )]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file has nothing in it.
    #[error("the root key file {} is empty: put it back from where you keep it", .0.display())]
    Empty(PathBuf),
    /// The file is shorter or longer than a root key.
    #[error("the root key file {} has the wrong length: {FILE_BYTES} bytes are expected", .0.display())]
    Length(PathBuf),
    /// The file has the right length and is no root key.
    #[error(
        "the root key file {} is not a root key: coffer-root-key-v1: and 64 hexadecimal digits are expected",
        .0.display()
    )]
    Format(PathBuf),
    /// The path is a directory or a device.
    #[error("the root key file {} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// The operating system refuses.
    #[error("the root key file {} cannot be {action}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The cryptographic library refuses the key.
    #[error("the root key cannot be used")]
    Unusable(#[source] CryptoError),
}

impl RootKey {
    /// A new random root key in a new file of mode 0400, on disk (the file and its name) when this
    /// returns. The file appears under its name whole or not at all.
    ///
    /// # Errors
    /// [`RootKeyError::Exists`], or [`RootKeyError::Io`] when the file cannot be written.
    pub fn create(path: &Path, random: &dyn Random) -> Result<Self, RootKeyError> {
        let mut key = Zeroizing::new([0; 32]);
        random.fill(key.as_mut_slice());
        Self::write(path, &key, random)?;
        Self::from_bytes(&key).map_err(RootKeyError::Unusable)
    }

    /// Writes the root key of a file to a new one, as [`create`](Self::create) does.
    ///
    /// # Errors
    /// As [`load`](Self::load) and [`create`](Self::create).
    pub fn copy(from: &Path, to: &Path, random: &dyn Random) -> Result<(), RootKeyError> {
        Self::write(to, &*read(from)?, random)
    }

    fn write(path: &Path, key: &[u8; 32], random: &dyn Random) -> Result<(), RootKeyError> {
        let mut line = Zeroizing::new([b'\n'; FILE_BYTES]);
        line[..PREFIX.len()].copy_from_slice(PREFIX);
        let digits = &mut line[PREFIX.len()..FILE_BYTES - 1];
        hex::encode_to_slice(key.as_slice(), digits)
            .map_err(|_| RootKeyError::Unusable(CryptoError::DoesNotOpen))?;

        let mut suffix = [0; 8];
        random.fill(&mut suffix);
        let temporary = path.with_added_extension(format!("{}.new", hex::encode(suffix)));
        let written = write_whole(path, &temporary, line.as_slice());
        // Linked or not, the temporary name has done its duty; its absence is no error.
        let removed = fs::remove_file(&temporary);
        written.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => RootKeyError::Exists(path.to_owned()),
            _ => io_error(path, "created")(source),
        })?;
        removed
            .and_then(|()| sync_directory(path))
            .map_err(io_error(path, "created"))
    }

    /// The root key in a file.
    ///
    /// # Errors
    /// One for each thing that can be wrong with the file: see [`RootKeyError`].
    pub fn load(path: &Path) -> Result<Self, RootKeyError> {
        Self::from_bytes(&*read(path)?).map_err(RootKeyError::Unusable)
    }

    /// The root key made of these bytes, for tests and for providers that hold the key elsewhere.
    ///
    /// # Errors
    /// [`CryptoError::DoesNotOpen`] when the cryptographic library refuses.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, CryptoError> {
        let fingerprint = aead::derive(bytes, FINGERPRINT_LABEL)?;
        Ok(Self {
            wrapping: WrappingKey::derive(bytes)?,
            fingerprint: hex::encode(&fingerprint[..FINGERPRINT_BYTES]),
        })
    }

    /// Tells this root key from others: 16 hexadecimal digits that follow from the key, and from which it does not
    /// follow.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    pub(crate) fn wrapping(&self) -> &WrappingKey {
        &self.wrapping
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKey")
    }
}

/// The key in a file that nobody but its owner can read.
fn read(path: &Path) -> Result<Zeroizing<[u8; 32]>, RootKeyError> {
    let named = || path.to_owned();
    // Looked at before it is opened: opening a pipe would wait for its writer.
    let found = fs::metadata(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => RootKeyError::Missing(named()),
        _ => io_error(path, "read")(source),
    })?;
    if !found.is_file() {
        return Err(RootKeyError::NotAFile(named()));
    }
    let file = File::open(path).map_err(io_error(path, "read"))?;
    let opened = file.metadata().map_err(io_error(path, "read"))?;
    let mode = opened.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(RootKeyError::OpenToOthers {
            path: named(),
            mode,
        });
    }
    let content = read_bounded(file).map_err(io_error(path, "read"))?;
    if content.is_empty() {
        return Err(RootKeyError::Empty(named()));
    }
    if content.len() != FILE_BYTES {
        return Err(RootKeyError::Length(named()));
    }
    parse(&content).ok_or_else(|| RootKeyError::Format(named()))
}

/// Writes the line to a temporary name and links it to its own, which fails if that is taken.
fn write_whole(path: &Path, temporary: &Path, line: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o400)
        .open(temporary)?;
    file.write_all(line)?;
    file.sync_all()?;
    fs::hard_link(temporary, path)
}

/// Makes the file's name durable.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    File::open(directory)?.sync_all()
}

/// The content, but no more than one byte past what a root key has, in a buffer that never moves.
fn read_bounded(file: File) -> io::Result<Zeroizing<Vec<u8>>> {
    let limit = FILE_BYTES + 1;
    // Reading to the end grows a buffer that is exactly full; the spare room keeps it where it is.
    let mut content = Zeroizing::new(Vec::with_capacity(limit + 64));
    file.take(limit as u64).read_to_end(&mut content)?;
    Ok(content)
}

fn parse(content: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let digits = content.strip_prefix(PREFIX)?.strip_suffix(b"\n")?;
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits, key.as_mut_slice()).ok()?;
    Some(key)
}

pub(crate) fn io_error(
    path: &Path,
    action: &'static str,
) -> impl FnOnce(io::Error) -> RootKeyError {
    let path = path.to_owned();
    move |source| RootKeyError::Io {
        path,
        action,
        source,
    }
}
