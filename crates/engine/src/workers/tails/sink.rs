//! What edges capture, as it comes in.

use std::collections::BTreeSet;

use async_trait::async_trait;
use coffer_protocol::tail::{TailSink, TraceEvent};
use coffer_types::{EdgeId, WorkerId};

use crate::engine::Engine;

#[async_trait]
impl TailSink for Engine {
    async fn tailed(&self, known: &BTreeSet<WorkerId>) -> BTreeSet<WorkerId> {
        self.tails.others_than(known).await
    }

    async fn capturing(&self, edge: EdgeId, workers: BTreeSet<WorkerId>) {
        self.tails.capturing(edge, workers);
    }

    fn deliver(&self, worker_id: WorkerId, event: TraceEvent) {
        self.tails.deliver(worker_id, &event);
    }
}
