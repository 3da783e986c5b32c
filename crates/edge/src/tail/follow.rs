//! Keeping what is captured equal to what is followed.

use std::collections::BTreeSet;
use std::sync::Arc;

use coffer_protocol::tail::TailSink;
use coffer_types::EdgeId;
use tokio_util::sync::CancellationToken;

use crate::routing::Routing;

/// Learns who is followed and tells who is captured, until stopped.
pub(crate) async fn follow(
    sink: Arc<dyn TailSink>,
    edge: EdgeId,
    routing: Arc<Routing>,
    stop: CancellationToken,
) {
    let mut captured = routing.captured();
    let mut known = BTreeSet::new();
    // From now on whoever makes a tail waits for this edge.
    sink.capturing(edge, BTreeSet::new()).await;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            tailed = sink.tailed(&known) => {
                routing.set_tailed(tailed.clone());
                known = tailed;
            }
            changed = captured.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = captured.borrow_and_update().clone();
                sink.capturing(edge, now).await;
            }
        }
    }
}
