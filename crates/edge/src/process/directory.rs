//! The directories in which processes' sockets live, and what an earlier run left in them.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use rustix::process::{Pid, Signal};

/// A unix socket's address holds 108 bytes with its final NUL.
const MAX_SOCKET_PATH_BYTES: usize = 107;
/// The longest of what is put behind the base directory: `/` and up to 10 digits and `/secrets.sock`.
const SOCKET_SUFFIX_BYTES: usize = 25;
/// Where sockets live when the configured directory's name is too long for them.
const SHORT_BASE: &str = "/tmp";
/// Names tried there.
const MAX_SHORT_NAMES: u32 = 1000;
/// Names the directory of sockets that is elsewhere.
const ELSEWHERE: &str = "sockets-at";
/// Names the process that a directory of sockets belongs to.
const PROCESS: &str = "process";

/// Why sockets have no home.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeDirError {
    /// Another process uses the directory.
    #[error("the runtime directory {} is in use by another process: stop it, or choose another directory", .0.display())]
    InUse(PathBuf),
    /// The directory cannot be used.
    #[error("the runtime directory {} cannot be used: {source}", .path.display())]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A directory of ours for sockets, locked against a second user.
#[derive(Debug)]
pub(crate) struct RuntimeDir {
    base: PathBuf,
    empty: PathBuf,
    next: AtomicU64,
    // While open, its lock is what makes the directory ours.
    lock: Mutex<Option<File>>,
}

/// The directory of one process's sockets; removed when dropped.
#[derive(Debug)]
pub(crate) struct ProcessDir {
    path: PathBuf,
}

impl RuntimeDir {
    /// Opens the part `name` of the runtime directory, and ends and removes what an earlier run left there.
    ///
    /// # Errors
    /// When it is in use or not writable.
    pub(crate) fn open(runtime_dir: &Path, name: &str) -> Result<Arc<Self>, RuntimeDirError> {
        let home = runtime_dir.join(name);
        let unusable = |source| RuntimeDirError::Unusable {
            path: home.clone(),
            source,
        };
        private_directory(&home).map_err(unusable)?;
        let lock = File::create(home.join("lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(RuntimeDirError::InUse(home.clone())),
            Err(fs::TryLockError::Error(error)) => return Err(unusable(error)),
        }
        remove_leftovers(&home).map_err(unusable)?;
        let base = socket_base(&home).map_err(unusable)?;
        let empty = home.join("empty");
        private_directory(&empty).map_err(unusable)?;
        Ok(Arc::new(Self {
            base,
            empty,
            next: AtomicU64::new(1),
            lock: Mutex::new(Some(lock)),
        }))
    }

    /// An empty directory, for what needs one.
    pub(crate) fn empty(&self) -> &Path {
        &self.empty
    }

    /// Gives the directory up, whoever still holds this value. No process may be running.
    pub(crate) fn release(&self) {
        let Some(_lock) = self.lock.lock().take() else {
            return;
        };
        if self.base.parent() == Some(Path::new(SHORT_BASE)) && !self.empty.starts_with(&self.base)
        {
            let _ = fs::remove_dir_all(&self.base);
        }
    }

    /// A new directory for one process.
    pub(crate) async fn process(&self) -> io::Result<ProcessDir> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.base.join(number.to_string());
        let make = move || {
            DirBuilder::new().mode(0o700).create(&path)?;
            Ok(ProcessDir { path })
        };
        tokio::task::spawn_blocking(make).await?
    }
}

impl ProcessDir {
    /// Where requests go.
    pub(crate) fn http(&self) -> PathBuf {
        self.path.join("http.sock")
    }

    /// Where heartbeats go.
    pub(crate) fn heartbeat(&self) -> PathBuf {
        self.path.join("beat.sock")
    }

    /// Where the process asks for store secrets.
    pub(crate) fn secrets(&self) -> PathBuf {
        self.path.join("secrets.sock")
    }

    /// Where the process calls the Worker that its version's service bindings name at this place.
    pub(crate) fn service(&self, place: usize) -> PathBuf {
        self.path.join(format!("s{place}.sock"))
    }

    /// Where the process asks for its version's static assets.
    pub(crate) fn assets(&self) -> PathBuf {
        self.path.join("assets.sock")
    }

    /// Where the process tells what it does, while its Worker is followed.
    pub(crate) fn tail(&self) -> PathBuf {
        self.path.join("tail.sock")
    }

    /// Listens at one of these paths.
    pub(super) fn listen(path: &Path) -> io::Result<UnixListener> {
        UnixListener::bind(path)
    }

    /// Notes the process, so that a later run can end it if this one cannot.
    pub(super) fn note_process(&self, pid: u32) -> io::Result<()> {
        let started = started_at(pid).unwrap_or_default();
        fs::write(self.path.join(PROCESS), format!("{pid} {started}"))
    }
}

impl Drop for ProcessDir {
    fn drop(&mut self) {
        // What stays is removed at the next start.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Makes the directory, and those above it, for its owner only.
pub(crate) fn private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// The home itself, or a short directory where its name is too long for a socket's address.
fn socket_base(home: &Path) -> io::Result<PathBuf> {
    if home.as_os_str().len() + SOCKET_SUFFIX_BYTES <= MAX_SOCKET_PATH_BYTES {
        return Ok(home.to_owned());
    }
    let pid = std::process::id();
    for attempt in 0..MAX_SHORT_NAMES {
        let path = Path::new(SHORT_BASE).join(format!("coffer-{pid}-{attempt}"));
        // Creation fails where anything exists, so nobody can have prepared it.
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => {
                fs::write(home.join(ELSEWHERE), path.as_os_str().as_encoded_bytes())?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("no free name for a directory of sockets"))
}

impl Drop for RuntimeDir {
    fn drop(&mut self) {
        self.release();
    }
}

fn remove_leftovers(home: &Path) -> io::Result<()> {
    if let Ok(elsewhere) = fs::read_to_string(home.join(ELSEWHERE)) {
        let elsewhere = PathBuf::from(elsewhere);
        // Only ever a name that this module makes.
        if elsewhere.parent() == Some(Path::new(SHORT_BASE)) && elsewhere.is_dir() {
            remove_processes(&elsewhere)?;
            let _ = fs::remove_dir(&elsewhere);
        }
        fs::remove_file(home.join(ELSEWHERE))?;
    }
    remove_processes(home)
}

fn remove_processes(base: &Path) -> io::Result<()> {
    for entry in fs::read_dir(base)? {
        let path = entry?.path();
        let is_process = path
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.parse::<u64>().is_ok());
        if is_process && path.is_dir() {
            if let Ok(note) = fs::read_to_string(path.join(PROCESS)) {
                end_noted(&note);
            }
            fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

/// Kills the noted process if it is still the same one.
fn end_noted(note: &str) {
    let Some((pid, started)) = note.split_once(' ') else {
        return;
    };
    let Ok(pid) = pid.parse::<u32>() else { return };
    if !started.is_empty() && started_at(pid).as_deref() == Some(started) {
        kill_group(pid, Signal::KILL);
        tracing::warn!(pid, "ended a process that an earlier run left behind");
    }
}

/// Signals a process's group. Only for a process that is not yet reaped, so that the number is still its.
pub(super) fn kill_group(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // It may have ended by itself.
        let _ = rustix::process::kill_process_group(pid, signal);
    }
}

/// When a process started, in the system's own unit; tells apart two processes with one number.
fn started_at(pid: u32) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything; field 22 is the 20th after it.
    let (_, fields) = status.rsplit_once(')')?;
    fields.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn long_names_get_short_sockets() {
        let root = tempfile::tempdir().unwrap();
        let long = root.path().join("x".repeat(120));
        let runtime = RuntimeDir::open(&long, "edge").unwrap();
        let process = runtime.process().await.unwrap();
        assert!(process.secrets().as_os_str().len() <= MAX_SOCKET_PATH_BYTES);
        ProcessDir::listen(&process.secrets()).unwrap();
        let base = runtime.base.clone();
        drop((process, runtime));
        assert!(!base.exists());
    }

    #[test]
    fn one_user_at_a_time_and_nobody_else() {
        let root = tempfile::tempdir().unwrap();
        let first = RuntimeDir::open(root.path(), "edge").unwrap();
        let second = RuntimeDir::open(root.path(), "edge").unwrap_err();
        assert!(second.to_string().contains("in use"));
        let mode = fs::metadata(root.path().join("edge"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(first);
        RuntimeDir::open(root.path(), "edge").unwrap();
    }

    #[tokio::test]
    async fn leftovers_are_ended_and_removed() {
        use std::os::unix::process::CommandExt;
        let root = tempfile::tempdir().unwrap();
        let runtime = RuntimeDir::open(root.path(), "edge").unwrap();
        let directory = runtime.process().await.unwrap();
        let mut child = std::process::Command::new("sleep")
            .arg("600")
            .process_group(0)
            .spawn()
            .unwrap();
        directory.note_process(child.id()).unwrap();
        let path = directory.path.clone();
        // As after a crash: nothing is dropped.
        std::mem::forget(directory);
        drop(runtime);
        RuntimeDir::open(root.path(), "edge").unwrap();
        assert!(!path.exists());
        assert!(!child.wait().unwrap().success());
    }

    #[test]
    fn another_process_with_the_same_number_is_left_alone() {
        let mut child = std::process::Command::new("sleep")
            .arg("600")
            .spawn()
            .unwrap();
        end_noted(&format!("{} 1", child.id()));
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
