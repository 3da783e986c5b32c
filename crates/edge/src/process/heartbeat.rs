//! Whether a process still answers.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::descriptors::are_exhausted;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: heartbeat\r\nConnection: close\r\n\r\n";

/// Asks once. Any answer will do: it shows that the one thread that runs the Worker comes round. Where it cannot be
/// asked for want of descriptors, that is not its fault: it counts as alive.
pub(super) async fn answers(socket: &Path, timeout: Duration) -> bool {
    let exchange = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(REQUEST).await?;
        let mut first = [0; 1];
        stream.read_exact(&mut first).await
    };
    match tokio::time::timeout(timeout, exchange).await {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => are_exhausted(&error),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptors::exhaust;

    #[tokio::test]
    async fn only_who_was_asked_can_be_silent() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("socket");
        let timeout = Duration::from_secs(60);
        assert!(!answers(&socket, timeout).await);
        let taken = exhaust();
        assert!(answers(&socket, timeout).await);
        drop(taken);
        assert!(!answers(&socket, timeout).await);
    }
}
