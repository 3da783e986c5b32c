//! The WebSocket behind a tail's address: JSON events as text frames, in the subprotocol that Wrangler speaks.

use std::time::Duration;

use axum::Router;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::get;
use coffer_engine::{TailEnd, TailStream, TokenText};
use coffer_types::TailId;
use coffer_types::limits::TAIL_SEND_SECONDS;

use crate::api::ApiError;
use crate::app::{App, Inner};

const PATH: &str = "/tails/{tail_id}/{token}";
/// The subprotocol.
const PROTOCOL: &str = "trace-v1";
/// Bytes of one message of a client; it sends `{"debug":false}` and pings.
const MAX_MESSAGE_BYTES: usize = 4096;

/// The routes of this module.
pub(crate) fn routes() -> Router<App> {
    Router::new().route(PATH, get(follow))
}

impl Inner {
    /// Where a tail is followed; without its token, an address that lets nobody in.
    pub(crate) fn tail_url(&self, id: TailId, token: Option<&TokenText>) -> String {
        // The public address begins with `http`, whichever it is.
        let place = self.public_url.strip_prefix("http").unwrap_or_default();
        match token {
            Some(token) => format!("ws{place}/tails/{id}/{}", token.expose_secret()),
            None => format!("ws{place}/tails/{id}"),
        }
    }
}

async fn follow(
    State(app): State<App>,
    Path((id, token)): Path<(String, String)>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    // Before the address is used up.
    let upgrade = upgrade.map_err(|_| ApiError::NotATailClient)?;
    if !offers_protocol(&headers) {
        return Err(ApiError::NotATailClient);
    }
    let stream = app.engine.follow_tail(&id, &token)?;
    Ok(upgrade
        .protocols([PROTOCOL])
        // Wrangler does not mask its first message, against RFC 6455, section 5.1.
        .accept_unmasked_frames(true)
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES)
        .on_upgrade(async move |socket| serve(socket, stream).await))
}

fn offers_protocol(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|offered| offered.trim() == PROTOCOL)
}

async fn serve(mut socket: WebSocket, stream: TailStream) {
    loop {
        let next = tokio::select! {
            next = stream.next() => next,
            // Pings are answered in passing; what else comes is of no use.
            message = socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
        };
        let message = match next {
            Ok(event) => Utf8Bytes::try_from(event).ok().map(Message::Text),
            Err(end) => Some(Message::Close(Some(farewell(end)))),
        };
        let last = next_is_last(message.as_ref());
        let Some(message) = message else { continue };
        let most = Duration::from_secs(u64::from(TAIL_SEND_SECONDS));
        match tokio::time::timeout(most, socket.send(message)).await {
            Ok(Ok(())) if last => return until_closed(socket, most).await,
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => {
                tracing::info!("the client of a tail takes nothing any more and is cut");
                return;
            }
        }
    }
}

fn next_is_last(message: Option<&Message>) -> bool {
    matches!(message, Some(Message::Close(_)))
}

/// Waits for the client's own farewell, so that ours is not lost with the connection.
async fn until_closed(mut socket: WebSocket, most: Duration) {
    let closed = async { while let Some(Ok(_)) = socket.recv().await {} };
    let _ = tokio::time::timeout(most, closed).await;
}

/// Wrangler ends for good after the first, and makes a new tail by itself after the others.
fn farewell(end: TailEnd) -> CloseFrame {
    let (code, reason) = match end {
        TailEnd::Deleted => (close_code::NORMAL, "the tail was ended"),
        TailEnd::Expired => (close_code::AWAY, "the tail has expired"),
        TailEnd::Closing => (close_code::RESTART, "the server stops"),
    };
    CloseFrame {
        code,
        reason: Utf8Bytes::from_static(reason),
    }
}

#[cfg(test)]
mod tests;
