//! The tokens of `coffer login`, by server, in a file that nobody else may read.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use coffer_crypto::SecretValue;
use coffer_types::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::environment;
use crate::failure::Failure;

/// The form of the file. A later one is not read as if it were this.
const FORM: u32 = 1;
/// More than a file of hundreds of servers.
const MAX_BYTES: u64 = 1 << 20;

/// What the file holds.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Saved {
    form: u32,
    /// The server of the last login, which commands act on that name none.
    pub(crate) current: Option<String>,
    /// By scheme, host and port.
    pub(crate) servers: BTreeMap<String, Login>,
}

/// One login.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Login {
    /// The token's text.
    #[serde(serialize_with = "exposed")]
    pub(crate) token: SecretValue,
    /// What the user's list of tokens calls it.
    pub(crate) name: String,
    /// The server refuses it from here on.
    pub(crate) expires_on: Option<Timestamp>,
}

impl Default for Saved {
    fn default() -> Self {
        Self {
            form: FORM,
            current: None,
            servers: BTreeMap::new(),
        }
    }
}

fn exposed<S: Serializer>(token: &SecretValue, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose_secret())
}

/// Where the file is: below the user's directory of configurations.
///
/// # Errors
/// A usage error without one.
pub(crate) fn path() -> Result<PathBuf, Failure> {
    let absolute = |path: String| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let directory = environment::first(&["XDG_CONFIG_HOME"])
        .and_then(absolute)
        .or_else(|| {
            let home = environment::first(&["HOME"]).and_then(absolute)?;
            Some(home.join(".config"))
        });
    directory
        .map(|directory| directory.join("coffer/credentials.json"))
        .ok_or_else(|| {
            Failure::usage("neither XDG_CONFIG_HOME nor HOME names a directory to keep logins in; set COFFER_API_TOKEN")
        })
}

/// What was saved; nothing if there is no file, or no place for one.
///
/// # Errors
/// A failure if others may read the file, or it is none of ours.
pub(crate) fn read() -> Result<Saved, Failure> {
    match path() {
        Ok(path) => read_at(&path),
        Err(_) => Ok(Saved::default()),
    }
}

fn read_at(path: &Path) -> Result<Saved, Failure> {
    let failed = |error| Failure::error(&format!("failed to read {}", path.display()), error);
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Saved::default()),
        Err(error) => return Err(failed(error)),
    };
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Failure::denied(format!(
            "others may read or change {path} (its mode is {mode:04o}), which holds API tokens: run `chmod 600 {path}`; \
             if someone may have read it, remove the tokens in the dashboard and run `coffer login` again",
            path = path.display()
        )));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_BYTES)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    match serde_json::from_slice::<Saved>(&bytes) {
        Ok(saved) if saved.form == FORM => Ok(saved),
        // Its text may hold a token, so it is not repeated.
        _ => Err(Failure::sentence(format!(
            "{path} is damaged, or of a newer coffer: remove it and run `coffer login` again",
            path = path.display()
        ))),
    }
}

/// Keeps it in the place of what was there, whole or not at all.
///
/// # Errors
/// A failure if the file cannot be written; the old one is as it was.
pub(crate) fn write(saved: &Saved) -> Result<PathBuf, Failure> {
    let path = path()?;
    write_at(&path, saved)
        .map_err(|error| Failure::error(&format!("failed to write {}", path.display()), error))?;
    Ok(path)
}

fn write_at(path: &Path, saved: &Saved) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(path);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 * 1024));
    serde_json::to_writer_pretty(&mut *bytes, saved)?;
    // Such a file is its owner's alone from the beginning.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(&bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(token: &str) -> Saved {
        let mut saved = Saved {
            current: Some("http://127.0.0.1:7070".to_owned()),
            ..Saved::default()
        };
        let login = Login {
            token: SecretValue::new(token.to_owned()),
            name: "coffer login on laptop".to_owned(),
            expires_on: None,
        };
        saved
            .servers
            .insert("http://127.0.0.1:7070".to_owned(), login);
        saved
    }

    #[test]
    fn it_is_the_users_alone_and_reads_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config/coffer/credentials.json");
        assert!(read_at(&path).unwrap().servers.is_empty());
        for token in ["first", "second"] {
            write_at(&path, &saved(token)).unwrap();
            let read = read_at(&path).unwrap();
            let login = &read.servers["http://127.0.0.1:7070"];
            assert_eq!(login.token.expose_secret(), token);
            assert!(!format!("{read:?}").contains(token));
        }
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_others_may_read_is_refused_with_the_command_to_run() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credentials.json");
        write_at(&path, &saved("token-canary")).unwrap();
        for mode in [0o644, 0o660, 0o602] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let message = read_at(&path).unwrap_err().message();
            assert!(message.contains("chmod 600"), "{message}");
            assert!(!message.contains("canary"));
        }
    }

    #[test]
    fn what_is_damaged_is_told_without_its_text() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credentials.json");
        write_at(&path, &saved("token-canary")).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        for text in [
            whole[..whole.len() - 9].to_owned(),
            whole.replace("\"form\": 1", "\"form\": 2"),
            whole.replace("\"servers\": {", "\"servers\": \"token-canary\", \"x\": {"),
            String::new(),
        ] {
            fs::write(&path, text).unwrap();
            let message = read_at(&path).unwrap_err().message();
            assert!(message.contains("is damaged"), "{message}");
            assert!(!message.contains("canary"));
        }
    }
}
