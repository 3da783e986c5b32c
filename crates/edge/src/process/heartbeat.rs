//! Whether a process still answers.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: heartbeat\r\nConnection: close\r\n\r\n";

/// Asks once. Any answer will do: it shows that the one thread that runs the Worker comes round.
pub(super) async fn answers(socket: &Path, timeout: Duration) -> bool {
    let exchange = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(REQUEST).await?;
        let mut first = [0; 1];
        stream.read_exact(&mut first).await
    };
    matches!(tokio::time::timeout(timeout, exchange).await, Ok(Ok(_)))
}
