//! `.coffer/`: what lies in it beside the installation.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::fd::IntoRawFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use coffer_types::AccountId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// The name of a project's directory.
pub(crate) const NAME: &str = ".coffer";
/// The mark that says what the directory is, and of which project.
const MARK: &str = coffer_edge::LOCAL_MARK;
/// How its API is entered.
const ACCESS: &str = "access.json";
/// Where a `coffer dev` that runs answers.
pub(crate) const SOCKET: &str = "api.sock";
/// The longest path that a socket's address holds, without the NUL at its end.
const MAX_SOCKET_PATH_BYTES: usize = 107;
/// The form of the mark that is known here.
const FORMAT: u32 = 1;

/// A directory of local development, made and marked.
#[derive(Clone, Debug)]
pub(crate) struct LocalDirectory(PathBuf);

#[derive(Serialize, Deserialize)]
struct Mark {
    format: u32,
    /// The directory itself, so that a copy of it in another project is noticed.
    directory: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Access {
    account_id: AccountId,
    token: String,
}

/// Whether a directory is marked as one of local development.
pub(crate) fn is_local(directory: &Path) -> bool {
    directory.join(MARK).exists()
}

impl LocalDirectory {
    /// The directory, made if there is none.
    ///
    /// # Errors
    /// If it is not one of local development, a newer Coffer's, or a copy of another project's.
    pub(crate) fn prepare(directory: &Path) -> Result<Self, Failure> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|error| failed("make", directory, error))?;
        let directory =
            fs::canonicalize(directory).map_err(|error| failed("find", directory, error))?;
        let mark = directory.join(MARK);
        match fs::read(&mark) {
            Ok(text) => check(&directory, &mark, &text)?,
            Err(error) if error.kind() == ErrorKind::NotFound => begin(&directory)?,
            Err(error) => return Err(failed("read", &mark, error)),
        }
        Ok(Self(directory))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The socket of a `coffer dev` that answers there, by a path short enough to connect to.
    pub(super) async fn reachable_socket(&self) -> Option<PathBuf> {
        let mut socket = self.0.join(SOCKET);
        if socket.as_os_str().len() > MAX_SOCKET_PATH_BYTES {
            // It stays open as long as the process: connections are made whenever a command asks something.
            let directory = fs::File::open(&self.0).ok()?.into_raw_fd();
            socket = PathBuf::from(format!("/proc/self/fd/{directory}/{SOCKET}"));
        }
        tokio::net::UnixStream::connect(&socket)
            .await
            .is_ok()
            .then_some(socket)
    }

    /// The account and its token.
    pub(super) fn access(&self) -> Result<(AccountId, Zeroizing<String>), Failure> {
        let path = self.0.join(ACCESS);
        let text = fs::read(&path)
            .map(Zeroizing::new)
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => self.broken(&format!("{ACCESS} is missing")),
                _ => failed("read", &path, error),
            })?;
        let access: Access = serde_json::from_slice(&text).map_err(|_| {
            Failure::sentence(format!(
                "{} is damaged: delete {} to begin anew, which deletes the local secrets",
                path.display(),
                self.0.display()
            ))
        })?;
        Ok((access.account_id, Zeroizing::new(access.token)))
    }

    /// A database is only made where nothing tells that there was one.
    pub(super) fn check_is_new(&self) -> Result<(), Failure> {
        match self.0.join(ACCESS).exists() {
            true => Err(self.broken("its database is gone")),
            false => Ok(()),
        }
    }

    fn broken(&self, what: &str) -> Failure {
        let directory = self.0.display();
        Failure::sentence(format!(
            "{directory} is broken, {what}: put it back, or delete {directory} to begin anew, which deletes the local \
             secrets"
        ))
    }

    pub(super) fn keep_access(&self, account_id: AccountId, token: &str) -> Result<(), Failure> {
        let access = Access {
            account_id,
            token: token.to_owned(),
        };
        write_json(&self.0.join(ACCESS), &access)
    }
}

fn begin(directory: &Path) -> Result<(), Failure> {
    if coffer_engine::Installation::exists(directory) {
        return Err(Failure::conflict(format!(
            "{} is the data directory of a server, not of local development: choose another with --persist-to",
            directory.display()
        )));
    }
    let ignored = directory.join(".gitignore");
    fs::write(&ignored, "*\n").map_err(|error| failed("write", &ignored, error))?;
    mark(directory)
}

fn mark(directory: &Path) -> Result<(), Failure> {
    let mark = Mark {
        format: FORMAT,
        directory: directory.to_owned(),
    };
    write_json(&directory.join(MARK), &mark)
}

fn check(directory: &Path, path: &Path, text: &[u8]) -> Result<(), Failure> {
    let found: Mark = serde_json::from_slice(text).map_err(|error| {
        Failure::sentence(format!(
            "{} is damaged ({error}): delete {} to begin anew, which deletes the local secrets",
            path.display(),
            directory.display()
        ))
    })?;
    if found.format > FORMAT {
        return Err(Failure::conflict(format!(
            "{} was written by a newer Coffer (format {}, this one knows {FORMAT}): upgrade coffer",
            directory.display(),
            found.format
        )));
    }
    if found.directory == directory {
        return Ok(());
    }
    if is_local(&found.directory) {
        return Err(Failure::conflict(format!(
            "{} is a copy of {}, another project's: delete it and give this project secrets of its own, or share \
             that one with --persist-to",
            directory.display(),
            found.directory.display()
        )));
    }
    // The project was moved.
    mark(directory)
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_vec(value)
        .map(Zeroizing::new)
        .map_err(|error| failed("write", path, error))?;
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(&text));
    written.map_err(|error| failed("write", path, error))
}

fn failed(doing: &str, path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::error(&format!("failed to {doing} {}", path.display()), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_refused_and_a_move_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let first = parent.path().join("a").join(NAME);
        LocalDirectory::prepare(&first).unwrap();
        assert!(is_local(&first));
        assert_eq!(fs::read_to_string(first.join(".gitignore")).unwrap(), "*\n");

        let copy = parent.path().join("b").join(NAME);
        fs::create_dir_all(&copy).unwrap();
        fs::copy(first.join(MARK), copy.join(MARK)).unwrap();
        let refused = LocalDirectory::prepare(&copy).unwrap_err().message();
        assert!(refused.contains("is a copy of"), "{refused}");

        fs::remove_dir_all(&first).unwrap();
        LocalDirectory::prepare(&copy).unwrap();
        LocalDirectory::prepare(&copy).unwrap();
    }

    #[test]
    fn what_is_missing_of_a_directory_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let place = LocalDirectory::prepare(&parent.path().join(NAME)).unwrap();
        place.check_is_new().unwrap();
        let message = place.access().unwrap_err().message();
        assert!(message.contains("access.json is missing"), "{message}");
        fs::write(place.path().join(ACCESS), "{}").unwrap();
        let message = place.check_is_new().unwrap_err().message();
        assert!(message.contains("its database is gone"), "{message}");
    }

    #[test]
    fn a_newer_one_and_a_damaged_one_are_refused() {
        for (text, expected) in [
            (
                r#"{"format":2,"directory":"/a"}"#,
                "a newer Coffer (format 2",
            ),
            ("{", "is damaged"),
        ] {
            let directory = tempfile::tempdir().unwrap();
            fs::write(directory.path().join(MARK), text).unwrap();
            let refused = LocalDirectory::prepare(directory.path())
                .unwrap_err()
                .message();
            assert!(refused.contains(expected), "{refused}");
        }
    }
}
