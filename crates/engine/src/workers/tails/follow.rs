//! Following a tail through its address.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use coffer_crypto::TokenText;
use coffer_types::{TailId, Timestamp};

use super::queue::Queue;
use super::registry::Tails;
use crate::engine::Engine;
use crate::error::{Missing, Result};

/// Why a tail sends no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TailEnd {
    /// Somebody ended it, or its Worker is gone.
    Deleted,
    /// Its time is over.
    Expired,
    /// The server stops.
    Closing,
}

/// What a tail's client gets next.
pub type TailFrame = Result<Bytes, TailEnd>;

/// A tail that is followed. It ends when this is dropped.
pub struct TailStream {
    tails: Arc<Tails>,
    id: TailId,
    queue: Arc<Queue>,
    expires_at: Timestamp,
}

impl std::fmt::Debug for TailStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TailStream({})", self.id)
    }
}

impl Engine {
    /// Follows a tail by the token of its address, which lets in once.
    ///
    /// # Errors
    /// [`Missing::Tail`] whatever is wrong: the id, the token, or that it is used or expired.
    pub fn follow_tail(&self, id: &str, token: &str) -> Result<TailStream> {
        let id: TailId = id.parse().map_err(|_| Missing::Tail)?;
        let token = TokenText::parse(token).map_err(|_| Missing::Tail)?;
        let (queue, expires_at) = self
            .tails
            .follow(id, |expected| self.pepper.verify(&token, expected))?;
        Ok(TailStream {
            tails: Arc::clone(&self.tails),
            id,
            queue,
            expires_at,
        })
    }
}

impl TailStream {
    /// The next event as JSON, or that there is none. May be given up and called again.
    pub async fn next(&self) -> TailFrame {
        let clock = &self.tails.clock;
        let left = self.expires_at.micros_since(clock.now());
        let left = Duration::from_micros(u64::try_from(left).unwrap_or(0));
        let now = || clock.now();
        match tokio::time::timeout(left, self.queue.next(&now)).await {
            Ok(next) => next,
            Err(_) => Err(TailEnd::Expired),
        }
    }
}

impl Drop for TailStream {
    fn drop(&mut self) {
        self.tails.end(self.id);
    }
}
