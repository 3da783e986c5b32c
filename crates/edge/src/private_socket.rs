//! Accepting on the private unix socket of one process. What is said there differs; how many may say it, and when it
//! ends, does not.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// The pause after a failure to accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Converses on each connection until stopped; of more than `most` at once, the others wait. `what` names in the log
/// what could not be accepted.
pub(crate) async fn accept<F>(
    listener: UnixListener,
    most: usize,
    what: &'static str,
    stop: CancellationToken,
    converse: impl Fn(UnixStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(most));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let (conversation, stop) = (converse(stream), stop.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = conversation => {}
                        () = stop.cancelled() => {}
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "{what} cannot be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
