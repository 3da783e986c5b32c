//! The private tail socket of one process.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::port::TailPort;
use crate::private_socket;

/// Connections of one process at once. It opens one for each event in flight; more wait.
const MAX_CONNECTIONS: usize = 64;
/// Bytes of one message. The runtime traces at most 256 KiB of an invocation's logs, which escaping may make six
/// times as long, with the head of its request.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Takes what the process behind this socket tells until stopped.
pub(crate) async fn serve(listener: UnixListener, port: Arc<TailPort>, stop: CancellationToken) {
    let converse = |stream| converse(stream, Arc::clone(&port));
    private_socket::accept(
        listener,
        MAX_CONNECTIONS,
        "what a process traces",
        stop,
        converse,
    )
    .await;
}

async fn converse(stream: UnixStream, port: Arc<TailPort>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let port = Arc::clone(&port);
        async move { Ok::<_, Infallible>(respond(&port, request).await) }
    });
    // The peer is a process of ours; how its connections end is not news.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(port: &TailPort, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    let body = Limited::new(request.into_body(), MAX_BODY_BYTES).collect();
    *response.status_mut() = match body.await.map(|body| port.take(&body.to_bytes())) {
        Ok(true) => StatusCode::NO_CONTENT,
        Ok(false) => StatusCode::BAD_REQUEST,
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE,
    };
    if response.status() != StatusCode::NO_CONTENT {
        tracing::debug!(status = %response.status(), "an event of a tail is left out");
    }
    response
}
