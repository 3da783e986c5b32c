//! A WebSocket: bytes both ways, unread.

use std::sync::Arc;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::link::Link;
use super::pump;
use super::upstream::Presence;

/// Joins a client and a process once both have switched protocols. Ends with either side, or at
/// shutdown as soon as no ordinary request is left.
pub(super) fn open(link: &Arc<Link>, presence: Presence, client: OnUpgrade, upstream: OnUpgrade) {
    let link = link.clone();
    let tunnels = link.worker.tunnels.clone();
    tunnels.spawn(async move {
        let websockets = &link.worker.config.metrics.websockets;
        websockets.inc();
        tokio::select! {
            () = join(client, upstream) => {}
            () = link.worker.cut.cancelled() => {}
        }
        websockets.dec();
        drop(presence);
    });
}

async fn join(client: OnUpgrade, upstream: OnUpgrade) {
    let joined = async {
        let (client, upstream) =
            tokio::try_join!(client, upstream).map_err(std::io::Error::other)?;
        pump::join(TokioIo::new(client), TokioIo::new(upstream)).await
    };
    match joined.await {
        Ok((sent, received)) => tracing::debug!(sent, received, "websocket ended"),
        Err(error) => tracing::debug!(%error, "websocket broke off"),
    }
}
