//! Events that a server sends as they come, over a WebSocket.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use coffer_crypto::SystemRandom;
use coffer_types::Random;
use http::header;
use reqwest::Upgraded;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::{Api, ApiError, Outcome};

impl Api {
    /// Follows an address that the server named, such as `ws://…`. What lets one in is in the address.
    ///
    /// # Errors
    /// [`ApiError`] if it does not answer as it should.
    pub(crate) async fn follow(
        &self,
        url: &str,
        protocol: &str,
    ) -> Result<WebSocketStream<Upgraded>, ApiError> {
        // `ws` and `wss` are `http` and `https` until the connection is upgraded.
        let address = url
            .strip_prefix("ws")
            .map(|rest| format!("http{rest}"))
            .ok_or_else(|| ApiError::Address("the server names no address to follow".to_owned()))?;
        let away = |reason: String| ApiError::Away {
            place: self.place(),
            reason,
            outcome: Outcome::OnlyRead,
        };
        let client = reqwest::Client::builder()
            .http1_only()
            .build()
            .map_err(|error| away(error.to_string()))?;
        let mut key = [0; 16];
        SystemRandom.fill(&mut key);
        let answer = client
            .get(address)
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_KEY, STANDARD.encode(key))
            .header(header::SEC_WEBSOCKET_PROTOCOL, protocol)
            .send()
            .await
            // The address lets one in, so it is not told.
            .map_err(|error| away(error.without_url().to_string()))?;
        if answer.status() != http::StatusCode::SWITCHING_PROTOCOLS {
            return Err(away(format!("it answered with status {}", answer.status())));
        }
        let upgraded = answer
            .upgrade()
            .await
            .map_err(|error| away(error.without_url().to_string()))?;
        Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, None).await)
    }
}
