//! Accepting connections, with a bound on each resource that a client could take.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::strict_transport::OverTls;

/// How long a client that connected just before the server was told to stop has for its first request: it is under way,
/// and whoever was let in is answered.
const FIRST_REQUEST: Duration = Duration::from_millis(500);

/// Bounds on connections.
#[derive(Clone, Copy, Debug)]
pub struct ServeLimits {
    /// Connections at once; a further one waits in the listen queue.
    pub connections: usize,
    /// How long a client may take to send a request's head.
    pub header_read: Duration,
    /// How long requests may go on after the server was told to stop.
    pub drain: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections: 4096,
            header_read: Duration::from_secs(15),
            drain: Duration::from_secs(10),
        }
    }
}

/// Where connections come in, and whether TLS is spoken there.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
}

impl From<TcpListener> for Listening {
    fn from(listener: TcpListener) -> Self {
        Self {
            listener,
            tls: None,
        }
    }
}

impl Listening {
    /// Speaks TLS with this configuration; without one, what comes in is plain.
    pub fn new(listener: TcpListener, tls: Option<Arc<ServerConfig>>) -> Self {
        Self { listener, tls }
    }
}

/// Serves until `stop` is cancelled, then lets requests that are under way finish.
pub async fn serve(
    listening: impl Into<Listening>,
    router: Router,
    limits: ServeLimits,
    stop: CancellationToken,
) {
    let Listening { listener, tls } = listening.into();
    let router = match tls {
        Some(_) => router.layer(Extension(OverTls)),
        None => router,
    };
    let tls = tls.map(TlsAcceptor::from);
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (router, stop, tls) = (router.clone(), stop.clone(), tls.clone());
                connections.spawn(async move {
                    meet(stream, peer, tls, router, limits, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                // Out of file descriptors, or the peer went away: neither is worth ending for.
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    connections.close();
    if tokio::time::timeout(limits.drain, connections.wait())
        .await
        .is_err()
    {
        tracing::warn!("requests were still under way at the end of the drain");
    }
}

async fn meet(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: ServeLimits,
    stop: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let Some(tls) = tls else {
        return serve_connection(stream, peer, router, limits, stop).await;
    };
    // Greeting takes no longer than a request's head may.
    match tokio::time::timeout(limits.header_read, tls.accept(stream)).await {
        Ok(Ok(stream)) => serve_connection(stream, peer, router, limits, stop).await,
        Ok(Err(error)) => tracing::debug!(%error, "a client does not speak TLS as we do"),
        Err(_) => tracing::debug!("a client did not finish its TLS greeting"),
    }
}

async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
    limits: ServeLimits,
    stop: CancellationToken,
) {
    let first_request = Arc::new(Notify::new());
    let came = Arc::clone(&first_request);
    let service = router.map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        came.notify_one();
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(axum::body::Body::new)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read)
        .pipeline_flush(true)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        // For tails.
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            let first_request = tokio::time::timeout(FIRST_REQUEST, first_request.notified());
            tokio::select! {
                ended = connection.as_mut() => ended,
                _ = first_request => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
