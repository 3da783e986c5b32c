//! One client connection, from accept to close.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::config::MAX_RAW_HEAD_BYTES;
use super::exchange::answer;
use super::headers::Peer;
use super::watch::{Watch, Watched};
use super::worker::{Permit, Worker};

/// What the requests of one connection share.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) worker: Arc<Worker>,
    pub(super) watch: Arc<Watch>,
    pub(super) peer: Peer,
    /// Counts the connection, or the WebSocket that it becomes, until it is closed.
    _permit: Permit,
}

/// Serves a connection until either side ends it.
pub(super) async fn serve(worker: Arc<Worker>, stream: TcpStream, address: IpAddr, permit: Permit) {
    let watch = worker.watches.watch();
    let link = Arc::new(Link {
        worker,
        watch: watch.clone(),
        peer: Peer::new(address),
        _permit: permit,
    });
    let service = service_fn(move |request: Request<Incoming>| {
        let link = link.clone();
        async move { Ok::<_, Infallible>(answer(link, request).await) }
    });
    let connection = http1::Builder::new()
        .max_header_size(MAX_RAW_HEAD_BYTES)
        .max_buf_size(MAX_RAW_HEAD_BYTES)
        .serve_connection(TokioIo::new(Watched::new(stream, watch.clone())), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let mut draining = false;
    let ended = poll_fn(|context| {
        watch.register(context);
        if watch.is_closing() {
            return Poll::Ready(Ok(()));
        }
        if watch.is_draining() && !draining {
            draining = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(context)
    })
    .await;
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}
