//! One version's workerd process, as the gateway sees it: a socket, a pool of connections, a count.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use coffer_types::VersionId;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::body::RequestBody;
use super::config::{MAX_IDLE_UPSTREAM_CONNECTIONS, SERVICE_SHARD, UPSTREAM_IDLE_MS};
use crate::descriptors::are_exhausted;
use crate::traffic::Tally;

/// A workerd process that listens on a unix socket for the requests of one version.
pub(crate) struct Upstream {
    socket: PathBuf,
    version_id: VersionId,
    tally: Arc<Tally>,
    created_at: Instant,
    last_used_ms: AtomicU64,
    in_flight: AtomicU64,
    draining: AtomicBool,
    emptied: Notify,
    failed: AtomicBool,
    failure: Notify,
    idle: [Mutex<VecDeque<Idle>>; SERVICE_SHARD + 1],
}

/// A connection that waits for its next request.
struct Idle {
    sender: SendRequest<RequestBody>,
    since_ms: u64,
}

/// A connection to the process, ready for one request.
pub(super) struct Connection {
    pub(super) sender: SendRequest<RequestBody>,
    /// Whether it has served a request before, so that the process may have closed it meanwhile.
    pub(super) reused: bool,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    /// The process accepts more slowly than requests come, or there are no more descriptors for connections.
    #[error("no connection can be made at the moment: {0}")]
    Busy(io::Error),
    /// Nobody listens: the process is gone.
    #[error("the process does not accept connections: {0}")]
    Refused(io::Error),
    /// The connection was made and broke at once.
    #[error("the connection broke at once: {0}")]
    Broken(#[from] hyper::Error),
}

impl Upstream {
    /// A process that listens at `socket` and serves this version; what it answers counts into `tally`.
    ///
    /// Whoever starts the process must not keep the listener open itself: a listener without a process
    /// still accepts, and its connections would hang instead of being refused.
    pub(crate) fn new(socket: PathBuf, version_id: VersionId, tally: Arc<Tally>) -> Self {
        Self {
            socket,
            version_id,
            tally,
            created_at: Instant::now(),
            last_used_ms: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            draining: AtomicBool::new(false),
            emptied: Notify::new(),
            failed: AtomicBool::new(false),
            failure: Notify::new(),
            idle: [const { Mutex::new(VecDeque::new()) }; SERVICE_SHARD + 1],
        }
    }

    /// The version that the process serves.
    pub(crate) fn version_id(&self) -> VersionId {
        self.version_id
    }

    /// The requests of the version's Worker.
    pub(super) const fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// Requests and WebSockets being served now.
    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// Time since the last request ended, or since the start; zero while one is being served.
    pub(crate) fn idle_for(&self) -> Duration {
        if self.in_flight() > 0 {
            return Duration::ZERO;
        }
        let last_used = Duration::from_millis(self.last_used_ms.load(Ordering::Relaxed));
        self.created_at.elapsed().saturating_sub(last_used)
    }

    /// Lets no new request in and closes the idle connections. Requests in flight go on; [`drained`]
    /// tells when the last is over.
    ///
    /// [`drained`]: Self::drained
    pub(crate) fn retire(&self) {
        self.draining.store(true, Ordering::SeqCst);
        for shard in &self.idle {
            shard.lock().clear();
        }
        self.emptied.notify_waiters();
    }

    /// Whether [`retire`](Self::retire) was called.
    pub(crate) fn is_retired(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Waits until the process is retired and serves nothing any more.
    pub(crate) async fn drained(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.is_retired() && self.in_flight() == 0 {
                return;
            }
            emptied.await;
        }
    }

    /// Whether the process has refused a connection.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }

    /// Waits until the process refuses a connection. For one waiter: its supervisor.
    pub(crate) async fn failure(&self) {
        while !self.has_failed() {
            self.failure.notified().await;
        }
    }

    /// Counts a request in, unless the process is retired.
    pub(super) fn enter(self: Arc<Self>) -> Option<Presence> {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        let presence = Presence { upstream: self };
        (!presence.upstream.is_retired()).then_some(presence)
    }

    /// An idle connection of this gateway thread, the most recently used first.
    pub(super) async fn pooled(&self, shard: usize, now: Instant) -> Option<Connection> {
        let now_ms = self.millis(now);
        loop {
            let idle = {
                let mut connections = self.idle.get(shard)?.lock();
                let idle = connections.pop_back()?;
                if now_ms.saturating_sub(idle.since_ms) > UPSTREAM_IDLE_MS {
                    // The newest is too old, so all are.
                    connections.clear();
                    return None;
                }
                idle
            };
            let mut sender = idle.sender;
            if sender.is_ready() || (!sender.is_closed() && sender.ready().await.is_ok()) {
                return Some(Connection {
                    sender,
                    reused: true,
                });
            }
        }
    }

    /// A new connection, driven by a task on the current runtime.
    pub(super) async fn connect(&self) -> Result<Connection, ConnectError> {
        let stream = match UnixStream::connect(&self.socket).await {
            Ok(stream) => stream,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock || are_exhausted(&error) => {
                return Err(ConnectError::Busy(error));
            }
            Err(error) => {
                self.failed.store(true, Ordering::SeqCst);
                self.failure.notify_one();
                return Err(ConnectError::Refused(error));
            }
        };
        let (sender, connection) = http1::Builder::new()
            .handshake::<_, RequestBody>(TokioIo::new(stream))
            .await?;
        tokio::spawn(async move {
            // Its error, if any, reaches whoever waits for the response.
            let _ = connection.with_upgrades().await;
        });
        Ok(Connection {
            sender,
            reused: false,
        })
    }

    /// Takes a connection back whose request and response are both over.
    pub(super) fn give_back(&self, shard: usize, sender: SendRequest<RequestBody>, now: Instant) {
        let Some(connections) = self.idle.get(shard) else {
            return;
        };
        if sender.is_closed() {
            return;
        }
        let since_ms = self.millis(now);
        let mut connections = connections.lock();
        // Under the lock: either `retire` clears this connection or it is seen here.
        if self.is_retired() {
            return;
        }
        if connections.len() == MAX_IDLE_UPSTREAM_CONNECTIONS {
            connections.pop_front();
        }
        connections.push_back(Idle { sender, since_ms });
    }

    fn millis(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.created_at);
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream")
            .field("version_id", &self.version_id)
            .field("in_flight", &self.in_flight())
            .field("retired", &self.is_retired())
            .finish_non_exhaustive()
    }
}

/// One request or WebSocket being served; counted out when dropped.
#[derive(Debug)]
pub(super) struct Presence {
    upstream: Arc<Upstream>,
}

impl Presence {
    /// The process it is served by.
    pub(super) fn upstream(&self) -> &Upstream {
        &self.upstream
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let upstream = &self.upstream;
        let now_ms = upstream.millis(Instant::now());
        upstream.last_used_ms.store(now_ms, Ordering::Relaxed);
        if upstream.in_flight.fetch_sub(1, Ordering::SeqCst) == 1 && upstream.is_retired() {
            upstream.emptied.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;

    use super::*;
    use crate::descriptors::exhaust;
    use crate::traffic::Traffic;

    #[tokio::test]
    async fn want_of_descriptors_is_not_the_processs_failure() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("socket");
        let _process = UnixListener::bind(&socket).unwrap();
        let version_id = "c5e9c03c-4448-49b4-a1b1-b19bf4cd2241".parse().unwrap();
        let upstream = Upstream::new(socket, version_id, Traffic::tally_for_tests());
        let taken = exhaust();
        let error = upstream.connect().await.err();
        drop(taken);
        assert!(matches!(error, Some(ConnectError::Busy(_))), "{error:?}");
        assert!(!upstream.has_failed());
        assert!(upstream.connect().await.is_ok());
    }
}
