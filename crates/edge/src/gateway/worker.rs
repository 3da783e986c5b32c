//! One gateway thread: accepts connections and serves them on a runtime of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::GatewayConfig;
use super::directory::Directory;
use super::link;
use super::request_id::RequestIds;
use super::watch::Watches;

/// Pause after an accept that failed: without file descriptors, trying at once only burns the core
/// that could free some.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// What a connection too many reads. Written without waiting, so short.
pub(super) const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 5\r\n\
    cache-control: no-store\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 49\r\n\r\n\
    Coffer error 1023: Too many connections at once.\n";

/// What the connections of one gateway thread share.
pub(super) struct Worker {
    /// The thread's number, and its place in each process's pool.
    pub(super) shard: usize,
    pub(super) config: Arc<GatewayConfig>,
    pub(super) directory: Arc<dyn Directory>,
    /// The runtime that the directory lives on.
    pub(super) home: Handle,
    pub(super) request_ids: RequestIds,
    pub(super) watches: Watches,
    /// Open WebSockets.
    pub(super) tunnels: TaskTracker,
    /// Ends them.
    pub(super) cut: CancellationToken,
    links: TaskTracker,
    open: Arc<AtomicUsize>,
}

impl Worker {
    /// The thread with this number; `open` counts the connections of all threads.
    pub(super) fn new(
        shard: usize,
        config: Arc<GatewayConfig>,
        directory: Arc<dyn Directory>,
        home: Handle,
        open: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            shard,
            request_ids: RequestIds::new(config.request_id_seed, shard),
            watches: Watches::new(&config),
            tunnels: TaskTracker::new(),
            cut: CancellationToken::new(),
            links: TaskTracker::new(),
            config,
            directory,
            home,
            open,
        }
    }

    /// One more connection, if there is room.
    pub(super) fn admit(&self) -> Option<Permit> {
        Permit::take(&self.open, &self.config)
    }

    /// Serves a connection in a task of its own.
    pub(super) fn track(&self, link: impl Future<Output = ()> + Send + 'static) {
        self.links.spawn(link);
    }

    /// Whether there is a connection.
    pub(super) fn is_busy(&self) -> bool {
        !self.links.is_empty()
    }

    /// Accepts and serves until told to stop, then lets requests in flight finish.
    pub(super) async fn run(self: Arc<Self>, listener: TcpListener, stop: CancellationToken) {
        let mut sweep = interval(self.config.sweep_every);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = sweep.tick() => self.watches.sweep(),
                accepted = listener.accept() => self.accept(accepted).await,
            }
        }
        drop(listener);
        self.drain().await;
    }

    async fn accept(self: &Arc<Self>, accepted: io::Result<(TcpStream, SocketAddr)>) {
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => return,
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                return;
            }
        };
        let Some(permit) = Permit::take(&self.open, &self.config) else {
            self.config.metrics.refused_connections.inc();
            // A new connection's buffer takes this at once, or the client hears nothing: it must
            // not hold the gateway up.
            let _ = stream.try_write(TOO_MANY);
            return;
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "failed to turn Nagle's algorithm off");
        }
        self.links
            .spawn(link::serve(self.clone(), stream, address.ip(), permit));
    }

    /// Ends idle connections now, busy ones with their request, WebSockets after those.
    async fn drain(&self) {
        self.links.close();
        self.tunnels.close();
        self.watches.drain();
        let mut sweep = interval(self.config.sweep_every);
        let finished = async {
            let ended = self.links.wait();
            tokio::pin!(ended);
            loop {
                tokio::select! {
                    () = &mut ended => break,
                    _ = sweep.tick() => self.watches.sweep(),
                }
            }
        };
        if timeout(self.config.shutdown_grace, finished).await.is_err() {
            tracing::warn!(
                connections = self.links.len(),
                "requests were cut off at shutdown"
            );
        }
        self.cut.cancel();
        self.tunnels.wait().await;
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("shard", &self.shard)
            .finish_non_exhaustive()
    }
}

/// One open connection out of the allowed number.
#[derive(Debug)]
pub(super) struct Permit {
    open: Arc<AtomicUsize>,
    config: Arc<GatewayConfig>,
}

impl Permit {
    fn take(open: &Arc<AtomicUsize>, config: &Arc<GatewayConfig>) -> Option<Self> {
        let taken = open.fetch_add(1, Ordering::Relaxed);
        config.metrics.connections.inc();
        let permit = Self {
            open: open.clone(),
            config: config.clone(),
        };
        (taken < config.max_connections).then_some(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.config.metrics.connections.dec();
    }
}
