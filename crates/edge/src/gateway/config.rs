//! The gateway's bounds and settings.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::rustls::ServerConfig;

use super::metrics::GatewayMetrics;
use super::observe::RequestObserver;
use crate::descriptors::affordable_connections;

/// The most gateway threads: past that many cores, workerd processes need the rest.
pub(crate) const MAX_THREADS: usize = 16;
/// The most client connections open at once, where there are descriptors for them. Our own bound.
const MAX_CONNECTIONS: usize = 16_384;
/// The place in a process's pool of the connections of other Workers, after those of the gateway's threads.
pub(super) const SERVICE_SHARD: usize = MAX_THREADS;
/// Idle connections that one thread keeps to one process: as many as it can use at once in a burst
/// without holding a file descriptor for each client that ever came.
pub(super) const MAX_IDLE_UPSTREAM_CONNECTIONS: usize = 256;
/// Milliseconds after which an idle connection to a process is not used again: the runtime closes it
/// after five seconds, and a request must not meet that.
pub(super) const UPSTREAM_IDLE_MS: u64 = 4_000;
/// Bytes of a request's target and headers together, as in the documented limit of 32 KB in total.
/// Measured on the parsed headers; what is larger gets a page.
pub(super) const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Bytes of a request's head as it comes in: past this it is refused unparsed. Above
/// [`MAX_HEAD_BYTES`], so that most clients get the page.
pub(super) const MAX_RAW_HEAD_BYTES: usize = 64 * 1024;
/// Headers of one request. The HTTP library's own number: with it, parsing needs no allocation.
#[cfg(test)]
pub(super) const MAX_HEADERS: usize = 100;
/// Times that a request is routed anew because the process it was sent to is being retired.
pub(super) const MAX_ROUTES_PER_REQUEST: usize = 3;

/// How a gateway runs. The defaults suit one machine that serves the public.
#[derive(Clone, Debug)]
pub(crate) struct GatewayConfig {
    /// Threads that move bytes, at most [`MAX_THREADS`]. Each has its own runtime and connections.
    pub(crate) threads: NonZeroUsize,
    /// Client connections open at once. One more gets a 503 and is closed.
    pub(crate) max_connections: usize,
    /// Requests and WebSockets that one process serves at once. One more gets a 503.
    pub(crate) max_in_flight_per_upstream: u64,
    /// Bytes of one request's body. Larger ones get a 413.
    pub(crate) max_body_bytes: u64,
    /// From the first byte of a request's head to its last.
    pub(crate) head_timeout: Duration,
    /// Between two requests of one connection, and before the first.
    pub(crate) idle_timeout: Duration,
    /// From the last byte of a request to the head of its response; then the client gets a 504.
    pub(crate) response_timeout: Duration,
    /// How long a client may leave a response unread.
    pub(crate) stall_timeout: Duration,
    /// How long requests in flight may go on at shutdown.
    pub(crate) shutdown_grace: Duration,
    /// How often the timeouts above are looked at; they may come later by this much.
    pub(crate) sweep_every: Duration,
    /// Where the numbering of requests starts: random, so that two runs do not give the same ids.
    pub(crate) request_id_seed: u64,
    /// What is counted.
    pub(crate) metrics: GatewayMetrics,
    /// How TLS is spoken with clients; without it, what comes in is plain.
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// The host name whose Worker answers everything, whatever host is asked for.
    pub(crate) only_host: Option<Arc<str>>,
    /// Who is told of each answer.
    pub(crate) observer: Option<Arc<dyn RequestObserver>>,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            threads: default_threads(),
            max_connections: MAX_CONNECTIONS.min(affordable_connections()),
            max_in_flight_per_upstream: 4_096,
            max_body_bytes: 5 * 1024 * 1024 * 1024,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            response_timeout: Duration::from_secs(120),
            stall_timeout: Duration::from_secs(60),
            shutdown_grace: Duration::from_secs(10),
            sweep_every: Duration::from_millis(250),
            request_id_seed: 0,
            metrics: GatewayMetrics::default(),
            tls: None,
            only_host: None,
            observer: None,
        }
    }
}

/// Half of the cores: a request costs the process behind the gateway more than the gateway itself.
fn default_threads() -> NonZeroUsize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    NonZeroUsize::new((cores / 2).min(MAX_THREADS)).unwrap_or(NonZeroUsize::MIN)
}
