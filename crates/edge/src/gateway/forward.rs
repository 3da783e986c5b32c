//! Sends a request to its process until a response begins.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use tokio::time::Instant;

use super::body::{RequestBody, Upload};
use super::fault::Fault;
use super::host::requested_host;
use super::link::Link;
use super::route::{route, route_anew};
use super::upstream::{ConnectError, Connection, Presence};

/// A response that has begun, and the connection it comes over.
pub(super) struct Begun {
    pub(super) response: Response<Incoming>,
    pub(super) presence: Presence,
    pub(super) sender: SendRequest<RequestBody>,
}

/// Sends a request until its response begins. It is sent a second time only where the first cannot
/// have had an effect that a second adds to: it never left, or it is idempotent, has no body, and met
/// a connection that the process had closed meanwhile.
pub(super) async fn forward(
    link: &Link,
    mut presence: Presence,
    mut request: Request<RequestBody>,
    upload: Option<&Upload>,
    started_at: Instant,
) -> Result<Begun, Fault> {
    let mut repeated = false;
    loop {
        let connection;
        (connection, presence) = connect(link, presence, &request, repeated, started_at).await?;
        let may_repeat = !repeated && (connection.reused || presence.upstream().is_retired());
        let spare = (may_repeat && is_harmless(&request)).then(|| copy(&request));
        let mut sender = connection.sender;
        let unsent = match send_once(link, &mut sender, request).await {
            Ok(response) => {
                return Ok(Begun {
                    response,
                    presence,
                    sender,
                });
            }
            Err(SendError::TimedOut) => return Err(Fault::ResponseTimeout),
            Err(SendError::Lost { unsent }) => unsent,
        };
        if upload.is_some_and(Upload::is_too_large) {
            return Err(Fault::BodyTooLarge);
        }
        match unsent.map(|unsent| *unsent).or(spare) {
            Some(again) if may_repeat => request = again,
            _ => return Err(Fault::ProcessDied),
        }
        repeated = true;
        link.worker.config.metrics.retries.inc();
        drop(presence);
        let host = requested_host(request.uri(), request.headers()).ok_or(Fault::InvalidHost)?;
        presence = route(&link.worker, request.uri(), request.headers(), &host).await?;
    }
}

/// A connection to the process, a kept one where that is safe. Where the process refuses, the
/// directory is asked once for another.
async fn connect(
    link: &Link,
    mut presence: Presence,
    request: &Request<RequestBody>,
    fresh: bool,
    now: Instant,
) -> Result<(Connection, Presence), Fault> {
    let mut rerouted = false;
    loop {
        let upstream = presence.upstream();
        let pooled = if fresh {
            None
        } else {
            upstream.pooled(link.worker.shard, now).await
        };
        let error = match pooled {
            Some(connection) => return Ok((connection, presence)),
            None => match upstream.connect().await {
                Ok(connection) => return Ok((connection, presence)),
                Err(error) => error,
            },
        };
        tracing::debug!(version_id = %upstream.version_id(), %error, "no connection");
        if matches!(error, ConnectError::Busy(_)) {
            return Err(Fault::Overloaded);
        }
        if rerouted {
            return Err(Fault::ProcessDied);
        }
        rerouted = true;
        drop(presence);
        let host = requested_host(request.uri(), request.headers()).ok_or(Fault::InvalidHost)?;
        presence = route_anew(&link.worker, request.uri(), request.headers(), &host).await?;
    }
}

enum SendError {
    /// The response did not begin in time.
    TimedOut,
    /// The connection broke; the request, if none of it had left.
    Lost {
        unsent: Option<Box<Request<RequestBody>>>,
    },
}

async fn send_once(
    link: &Link,
    sender: &mut SendRequest<RequestBody>,
    request: Request<RequestBody>,
) -> Result<Response<Incoming>, SendError> {
    let mut sending = pin!(sender.try_send_request(request));
    poll_fn(|context| {
        if link.watch.timed_out() {
            return Poll::Ready(Err(SendError::TimedOut));
        }
        sending.as_mut().poll(context).map_err(|mut error| {
            let unsent = error.take_message().map(Box::new);
            tracing::debug!(error = %error.error(), unsent = unsent.is_some(), "no response");
            SendError::Lost { unsent }
        })
    })
    .await
}

/// Whether doing it twice is as good as once (RFC 9110, section 9.2.2).
fn is_harmless(request: &Request<RequestBody>) -> bool {
    let idempotent = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
    );
    idempotent && request.body().is_empty()
}

/// The same request, which has no body.
fn copy(request: &Request<RequestBody>) -> Request<RequestBody> {
    let mut copy = Request::new(RequestBody::default());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}
