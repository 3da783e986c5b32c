//! How much of uploads is in memory at once, over all requests.

use std::sync::Arc;
use std::time::Duration;

use coffer_engine::Error;
use coffer_types::limits::MAX_UPLOAD_BYTES;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bytes of uploads that may be in memory.
#[derive(Debug)]
pub(crate) struct UploadRoom {
    bytes: Arc<Semaphore>,
    wait: Duration,
}

/// Room that an upload takes up until this is dropped.
#[derive(Debug)]
pub(crate) struct TakenRoom {
    _bytes: OwnedSemaphorePermit,
}

impl UploadRoom {
    /// Room for `bytes`, at least one upload's. Who finds none waits at most `wait`.
    pub(crate) fn new(bytes: usize, wait: Duration) -> Self {
        let bytes = Arc::new(Semaphore::new(bytes.max(MAX_UPLOAD_BYTES)));
        Self { bytes, wait }
    }

    /// Takes room for an upload of at most `expected_bytes`, or for the largest if the client does not tell.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if there is none for too long.
    pub(crate) async fn take(&self, expected_bytes: Option<u64>) -> Result<TakenRoom, Error> {
        let expected = expected_bytes.and_then(|bytes| usize::try_from(bytes).ok());
        // More than that is never read.
        let needed = expected.map_or(MAX_UPLOAD_BYTES, |bytes| bytes.min(MAX_UPLOAD_BYTES));
        let needed = u32::try_from(needed).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.bytes).acquire_many_owned(needed);
        match tokio::time::timeout(self.wait, room).await {
            Ok(Ok(bytes)) => Ok(TakenRoom { _bytes: bytes }),
            Ok(Err(_)) | Err(_) => Err(Error::Unavailable(
                "other uploads take up all memory that is meant for them".to_owned(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: u64 = MAX_UPLOAD_BYTES as u64;

    #[tokio::test]
    async fn room_is_there_again_when_an_upload_ends() {
        let room = UploadRoom::new(2 * MAX_UPLOAD_BYTES, Duration::ZERO);
        let first = room.take(Some(LARGE)).await.unwrap();
        // One that does not tell its length, or tells an absurd one, counts as the largest.
        let second = room.take(None).await.unwrap();
        for expected in [None, Some(1), Some(LARGE), Some(u64::MAX)] {
            let refused = room.take(expected).await.unwrap_err();
            assert!(matches!(refused, Error::Unavailable(_)), "{refused:?}");
        }
        drop(first);
        let absurd = room.take(Some(u64::MAX)).await.unwrap();
        room.take(Some(1)).await.unwrap_err();
        drop((second, absurd));
        let small = room.take(Some(1)).await.unwrap();
        let large = room.take(Some(LARGE)).await.unwrap();
        room.take(Some(LARGE)).await.unwrap_err();
        drop((small, large));
    }

    #[tokio::test]
    async fn who_waits_gets_the_room_of_who_ends() {
        let room = UploadRoom::new(MAX_UPLOAD_BYTES, Duration::from_secs(600));
        let first = room.take(None).await.unwrap();
        let mut second = std::pin::pin!(room.take(Some(1)));
        assert!(futures::poll!(second.as_mut()).is_pending());
        drop(first);
        second.await.unwrap();
    }
}
