//! The socket in the data directory, and who may connect to it.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The socket's name in the data directory.
const NAME: &str = "operator.sock";
/// One operator has few commands at once; a further one waits.
const MAX_CONNECTIONS: usize = 16;
/// A command sends its request at once.
const HEADER_READ: Duration = Duration::from_secs(5);
/// How long commands may go on after the server was told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Where the operator's socket of a data directory is.
pub fn operator_socket_path(directory: &Path) -> PathBuf {
    directory.join(NAME)
}

/// A socket in a directory, by a path that fits into a socket's address however long the directory's own is.
pub(super) struct Place {
    path: PathBuf,
    /// The short path goes through it.
    _directory: File,
}

impl Place {
    pub(super) fn in_directory(directory: &Path) -> io::Result<Self> {
        Self::named(directory, NAME)
    }

    fn named(directory: &Path, name: &str) -> io::Result<Self> {
        let directory = File::open(directory)?;
        let path = format!("/proc/self/fd/{}/{name}", directory.as_raw_fd());
        Ok(Self {
            path: path.into(),
            _directory: directory,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
#[error("failed to listen at {}: {source}", .path.display())]
pub struct SocketError {
    path: PathBuf,
    source: io::Error,
}

/// The operator's socket, bound. It is removed when this is dropped.
#[derive(Debug)]
pub struct OperatorSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl OperatorSocket {
    /// Binds the socket in a data directory that this process holds: one that is there was left by a process that
    /// crashed.
    ///
    /// # Errors
    /// [`SocketError`], such as on a file system that has no sockets.
    pub fn bind(directory: &Path) -> Result<Self, SocketError> {
        Self::bind_named(directory, NAME)
    }

    /// The same by another name: who develops is the operator of the project's own Coffer.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn bind_named(directory: &Path, name: &str) -> Result<Self, SocketError> {
        let path = directory.join(name);
        let failed = |source| SocketError {
            path: path.clone(),
            source,
        };
        let listener = bind_in(directory, name).map_err(failed)?;
        Ok(Self { listener, path })
    }

    /// Answers commands until `stop` is cancelled, then lets those that are under way finish.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let connections = TaskTracker::new();
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                break;
            };
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) if is_operator(&stream) => {
                    let (router, stop) = (router.clone(), stop.clone());
                    connections.spawn(async move {
                        serve_connection(stream, router, stop).await;
                        drop(place);
                    });
                }
                Ok(_) => tracing::warn!("another user tried the operator's socket"),
                Err(error) => {
                    tracing::warn!(%error, "failed to accept a command");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
        connections.close();
        if tokio::time::timeout(DRAIN, connections.wait())
            .await
            .is_err()
        {
            tracing::warn!("commands were still under way at the end of the drain");
        }
    }
}

impl Drop for OperatorSocket {
    fn drop(&mut self) {
        // The next start removes what stays.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn bind_in(directory: &Path, name: &str) -> io::Result<UnixListener> {
    match std::fs::remove_file(directory.join(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let place = Place::named(directory, name)?;
    let listener = UnixListener::bind(place.path())?;
    // Who connected before would be asked who it is all the same.
    std::fs::set_permissions(place.path(), Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Whether the process at the other end belongs to the server's own user or to root, by the kernel's word.
fn is_operator(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}

async fn serve_connection(stream: UnixStream, router: Router, stop: CancellationToken) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a command's connection ended early");
    }
}
