//! The gateway: HTTP from clients to the workerd process of the version that answers.
//!
//! Knows HTTP/1.1, which headers may cross, and how to reach a process through its unix socket. Must
//! never know which Worker answers where (it asks the [`Directory`]), what a request says, or a secret.
//!
//! A request's way: [`worker`] accepts its connection, [`link`] serves it, [`exchange`] handles one
//! request: [`headers`] looks at it, [`host`] and [`route`] find its process, [`forward`] sends it over
//! a connection of [`upstream`], and [`body`] streams both ways. A WebSocket becomes a [`tunnel`], whose
//! bytes [`pump`] moves. Whatever goes wrong becomes a page of [`fault`]. Bytes move on threads that do
//! nothing else, each with a single-threaded runtime, so that a request never changes threads and never
//! waits for other work of the edge.
//!
//! Requests of Workers to other Workers come in by [`service`] and go the rest of the way.
//!
//! To add a header that clients must not forge: `headers.rs`. To add a reason for an error page: a
//! variant of `Fault` with a new number; numbers are never used again.

mod assets;
mod body;
mod config;
mod directory;
mod exchange;
mod fault;
mod forward;
mod headers;
mod host;
mod link;
mod metrics;
mod observe;
mod pump;
mod request_id;
mod route;
mod service;
#[cfg(test)]
mod tests;
mod tunnel;
mod upstream;
mod watch;
mod worker;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

pub(crate) use config::GatewayConfig;
pub(crate) use directory::{AssetRoute, Directory, RouteError, RouteRequest, Upstream};
pub(crate) use metrics::GatewayMetrics;
pub use observe::{AnsweredRequest, RequestObserver};
pub(crate) use service::Calls;

use config::MAX_THREADS;
use worker::Worker;

/// Serves clients of this listener until `shutdown`, then lets requests in flight finish for the
/// configured grace. Starts threads of its own; the directory is asked on the calling runtime.
///
/// # Errors
///
/// When a thread, its runtime or its share of the listener cannot be made.
pub(crate) async fn serve(
    listener: TcpListener,
    directory: Arc<dyn Directory>,
    config: GatewayConfig,
    shutdown: CancellationToken,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let config = Arc::new(config);
    let open = Arc::new(AtomicUsize::new(0));
    // Dropped with this future, or when a later thread fails to start: no thread is left behind.
    let stop = shutdown.child_token();
    let _stop_on_drop = stop.clone().drop_guard();
    let mut threads = Vec::new();
    for shard in 0..config.threads.get().min(MAX_THREADS) {
        let worker = Worker::new(
            shard,
            config.clone(),
            directory.clone(),
            Handle::current(),
            open.clone(),
        );
        threads.push(start(
            Arc::new(worker),
            listener.try_clone()?,
            stop.clone(),
        )?);
    }
    drop(listener);
    for finished in threads {
        if finished.await.is_err() {
            return Err(io::Error::other("a gateway thread ended before its time"));
        }
    }
    Ok(())
}

/// Starts a gateway thread; what is returned tells when it has ended.
fn start(
    worker: Arc<Worker>,
    listener: TcpListener,
    stop: CancellationToken,
) -> io::Result<oneshot::Receiver<()>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (finished, receiver) = oneshot::channel();
    std::thread::Builder::new()
        .name(format!("gateway-{}", worker.shard))
        .spawn(move || {
            let ran = runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                worker.run(listener, stop).await;
                io::Result::Ok(())
            });
            match ran {
                Ok(()) => drop(finished.send(())),
                Err(error) => tracing::error!(%error, "a gateway thread could not listen"),
            }
        })?;
    Ok(receiver)
}
