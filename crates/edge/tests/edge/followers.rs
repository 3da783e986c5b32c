//! Those who follow Workers, as a list.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use coffer_protocol::tail::{TailSink, TraceEvent};
use coffer_types::{EdgeId, WorkerId};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::watch;

use crate::support::{DEADLINE, until};

/// Those who follow Workers, and what reached them.
#[derive(Default)]
pub(crate) struct Followers {
    tailed: watch::Sender<BTreeSet<WorkerId>>,
    captured: watch::Sender<BTreeSet<WorkerId>>,
    events: Mutex<Vec<(WorkerId, Value)>>,
}

impl Followers {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Follows a Worker, from when it is captured.
    pub(crate) async fn follow(&self, worker_id: WorkerId) {
        self.tailed.send_modify(|tailed| {
            tailed.insert(worker_id);
        });
        self.captures(worker_id, true).await;
    }

    /// Follows it no more.
    pub(crate) async fn leave(&self, worker_id: WorkerId) {
        self.tailed.send_modify(|tailed| {
            tailed.remove(&worker_id);
        });
        self.captures(worker_id, false).await;
    }

    async fn captures(&self, worker_id: WorkerId, expected: bool) {
        let mut captured = self.captured.subscribe();
        let done = captured.wait_for(|workers| workers.contains(&worker_id) == expected);
        tokio::time::timeout(DEADLINE, done).await.unwrap().unwrap();
    }

    /// What reached those who follow the Worker, so far.
    pub(crate) fn events(&self, worker_id: WorkerId) -> Vec<Value> {
        let events = self.events.lock();
        let of_worker = events.iter().filter(|(of, _)| *of == worker_id);
        of_worker.map(|(_, event)| event.clone()).collect()
    }

    /// The same, once there are so many.
    pub(crate) async fn wait_for(&self, worker_id: WorkerId, count: usize) -> Vec<Value> {
        let what = format!("{count} events");
        until(&what, || self.events(worker_id).len() >= count).await;
        self.events(worker_id)
    }
}

#[async_trait]
impl TailSink for Followers {
    async fn tailed(&self, known: &BTreeSet<WorkerId>) -> BTreeSet<WorkerId> {
        let mut tailed = self.tailed.subscribe();
        let others = tailed.wait_for(|workers| workers != known).await;
        others.unwrap().clone()
    }

    async fn capturing(&self, _edge: EdgeId, workers: BTreeSet<WorkerId>) {
        self.captured.send_replace(workers);
    }

    fn deliver(&self, worker_id: WorkerId, event: TraceEvent) {
        let event = serde_json::to_value(event).unwrap();
        self.events.lock().push((worker_id, event));
    }
}
