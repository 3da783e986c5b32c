//! The private socket of one process.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::answer::Client;
use super::query;
use crate::metrics::EdgeMetrics;
use crate::private_socket;

/// Connections of one process at once. It opens one for each question in flight.
const MAX_CONNECTIONS: usize = 64;
/// Bytes of one question's head. A version's bindings fit several times.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// Answers the process behind this socket until stopped.
pub(crate) async fn serve(
    listener: UnixListener,
    client: Arc<Client>,
    metrics: EdgeMetrics,
    stop: CancellationToken,
) {
    let converse = |stream| converse(stream, Arc::clone(&client), metrics.clone());
    private_socket::accept(
        listener,
        MAX_CONNECTIONS,
        "a process's question",
        stop,
        converse,
    )
    .await;
}

async fn converse(stream: UnixStream, client: Arc<Client>, metrics: EdgeMetrics) {
    let service = service_fn(|request: Request<Incoming>| {
        let began = Instant::now();
        let response = respond(&client, request.uri().query());
        metrics.delivery_took(began.elapsed());
        async move { Ok::<_, Infallible>(response) }
    });
    // The peer is a process of ours; how its connections end is not news.
    let _ = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn respond(client: &Client, question: Option<&str>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    let Some(query) = question.and_then(query::parse) else {
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return response;
    };
    match client.answer(&query) {
        // Wiped when the last part of it is sent.
        Some(body) => *response.body_mut() = Full::new(Bytes::from_owner(body)),
        None => *response.status_mut() = StatusCode::NO_CONTENT,
    }
    response
}
