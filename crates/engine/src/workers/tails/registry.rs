//! The tails that there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use coffer_protocol::tail::TraceEvent;
use coffer_types::limits::{MAX_ENDED_TAILS, TAIL_CONNECT_SECONDS, TAIL_SECONDS, TAILS_PER_WORKER};
use coffer_types::{Clock, EdgeId, Random, TailId, Timestamp, VersionId, WorkerId};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::filter::TailFilters;
use super::follow::TailEnd;
use super::queue::Queue;
use crate::error::{Limit, Missing, Result};

const MICROS_PER_SECOND: i64 = 1_000_000;
/// How often tails are looked at whose time is over, while there are any.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// The longest that a new tail waits for the edges: about as long as a process may take to start.
const CAPTURE_WAIT: Duration = Duration::from_secs(5);

/// The tails that there are.
pub(crate) struct Tails {
    pub(super) clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    tails: Mutex<HashMap<TailId, Tail>>,
    tailed: watch::Sender<BTreeSet<WorkerId>>,
    // What each edge captures; empty while there is none.
    captured: watch::Sender<BTreeMap<EdgeId, BTreeSet<WorkerId>>>,
}

#[derive(Debug)]
struct Tail {
    worker_id: WorkerId,
    filters: TailFilters,
    token_mac: [u8; 32],
    created_at: Timestamp,
    expires_at: Timestamp,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// For its client.
    Waiting,
    /// By its client.
    Followed(Arc<Queue>),
    /// Kept only so that its client finds it when it deletes it.
    Ended,
}

impl Tail {
    fn is_live(&self) -> bool {
        !matches!(self.phase, Phase::Ended)
    }

    /// When it ends by itself.
    fn lasts_until(&self) -> Timestamp {
        match self.phase {
            Phase::Waiting => {
                let wait = i64::from(TAIL_CONNECT_SECONDS) * MICROS_PER_SECOND;
                self.created_at.plus_micros(wait).min(self.expires_at)
            }
            Phase::Followed(_) | Phase::Ended => self.expires_at,
        }
    }
}

impl Tails {
    pub(crate) fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            random,
            tails: Mutex::default(),
            tailed: watch::Sender::default(),
            captured: watch::Sender::default(),
        })
    }

    /// A tail of a Worker, which waits for its client; and when it expires.
    pub(super) fn add(
        &self,
        id: TailId,
        worker_id: WorkerId,
        filters: TailFilters,
        token_mac: [u8; 32],
    ) -> Result<Timestamp> {
        let now = self.clock.now();
        let mut tails = self.tails.lock();
        sweep(&mut tails, now);
        let of_worker = || tails.values().filter(|tail| tail.worker_id == worker_id);
        if of_worker().filter(|tail| tail.is_live()).count() >= TAILS_PER_WORKER as usize {
            return Err(Limit::Tails(TAILS_PER_WORKER).into());
        }
        let ended = tails
            .iter()
            .filter(|(_, tail)| tail.worker_id == worker_id && !tail.is_live());
        if ended.clone().count() >= MAX_ENDED_TAILS {
            let oldest = ended.min_by_key(|(_, tail)| tail.created_at);
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                tails.remove(&oldest);
            }
        }
        let expires_at = now.plus_micros(i64::from(TAIL_SECONDS) * MICROS_PER_SECOND);
        let tail = Tail {
            worker_id,
            filters,
            token_mac,
            created_at: now,
            expires_at,
            phase: Phase::Waiting,
        };
        tails.insert(id, tail);
        self.tell(&tails);
        Ok(expires_at)
    }

    /// The live tails of a Worker with their ends, the oldest first.
    pub(super) fn list(&self, worker_id: WorkerId) -> Vec<(TailId, Timestamp)> {
        let mut tails = self.tails.lock();
        sweep(&mut tails, self.clock.now());
        self.tell(&tails);
        let mut found: Vec<_> = tails
            .iter()
            .filter(|(_, tail)| tail.worker_id == worker_id && tail.is_live())
            .map(|(id, tail)| (tail.created_at, *id, tail.expires_at))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, id, end)| (id, end)).collect()
    }

    /// Whether the Worker has this tail, or had it not long ago.
    pub(super) fn knows(&self, worker_id: WorkerId, id: TailId) -> bool {
        let tails = self.tails.lock();
        tails
            .get(&id)
            .is_some_and(|tail| tail.worker_id == worker_id)
    }

    /// Whether the version has this tail, or had it not long ago.
    pub(super) fn knows_of_version(
        &self,
        worker_id: WorkerId,
        version_id: VersionId,
        id: TailId,
    ) -> bool {
        let tails = self.tails.lock();
        let tail = tails.get(&id).filter(|tail| tail.worker_id == worker_id);
        tail.is_some_and(|tail| tail.filters.is_of_version(version_id))
    }

    /// Ends a tail for good.
    pub(super) fn remove(&self, id: TailId) {
        let mut tails = self.tails.lock();
        if let Some(Tail {
            phase: Phase::Followed(queue),
            ..
        }) = tails.remove(&id)
        {
            queue.end(TailEnd::Deleted);
        }
        self.tell(&tails);
    }

    /// Ends every tail of a Worker that is gone.
    pub(crate) fn remove_all_of(&self, worker_id: WorkerId) {
        let mut tails = self.tails.lock();
        tails.retain(|_, tail| {
            if tail.worker_id != worker_id {
                return true;
            }
            if let Phase::Followed(queue) = &tail.phase {
                queue.end(TailEnd::Deleted);
            }
            false
        });
        self.tell(&tails);
    }

    /// Ends every tail of a version that is gone. Their clients still find them when they delete them.
    pub(crate) fn end_all_of_version(&self, version_id: VersionId) {
        let mut tails = self.tails.lock();
        let of_version = tails.values_mut();
        for tail in of_version.filter(|tail| tail.filters.is_of_version(version_id)) {
            if let Phase::Followed(queue) = &tail.phase {
                queue.end(TailEnd::Deleted);
            }
            tail.phase = Phase::Ended;
        }
        self.tell(&tails);
    }

    /// Ends every tail, because the server does.
    pub(crate) fn close(&self) {
        let mut tails = self.tails.lock();
        for tail in tails.values() {
            if let Phase::Followed(queue) = &tail.phase {
                queue.end(TailEnd::Closing);
            }
        }
        tails.clear();
        self.tell(&tails);
    }

    /// Lets a client in, once, if `is_let_in` by the tail's code. Also tells when the tail expires.
    pub(super) fn follow(
        &self,
        id: TailId,
        is_let_in: impl FnOnce(&[u8; 32]) -> bool,
    ) -> Result<(Arc<Queue>, Timestamp)> {
        let mut tails = self.tails.lock();
        sweep(&mut tails, self.clock.now());
        let tail = tails.get_mut(&id).ok_or(Missing::Tail)?;
        if !matches!(tail.phase, Phase::Waiting) || !is_let_in(&tail.token_mac) {
            return Err(Missing::Tail.into());
        }
        let queue = Arc::new(Queue::default());
        tail.phase = Phase::Followed(Arc::clone(&queue));
        Ok((queue, tail.expires_at))
    }

    /// The tail's client is gone.
    pub(super) fn end(&self, id: TailId) {
        let mut tails = self.tails.lock();
        if let Some(tail) = tails.get_mut(&id) {
            tail.phase = Phase::Ended;
        }
        self.tell(&tails);
    }

    /// Waits until the followed Workers are others than these.
    pub(super) async fn others_than(&self, known: &BTreeSet<WorkerId>) -> BTreeSet<WorkerId> {
        let mut tailed = self.tailed.subscribe();
        loop {
            let now = tailed.borrow_and_update().clone();
            if now != *known {
                return now;
            }
            if now.is_empty() {
                // The sender lives as long as `self`, so the wait cannot fail.
                let _ = tailed.changed().await;
            } else {
                let _ = tokio::time::timeout(SWEEP_EVERY, tailed.changed()).await;
                let mut tails = self.tails.lock();
                sweep(&mut tails, self.clock.now());
                self.tell(&tails);
            }
        }
    }

    /// An edge captures these from now on.
    pub(super) fn capturing(&self, edge: EdgeId, workers: BTreeSet<WorkerId>) {
        self.captured.send_modify(|edges| {
            edges.insert(edge, workers);
        });
    }

    /// Waits until every edge captures a Worker's requests, but not for long.
    pub(super) async fn await_capture(&self, worker_id: WorkerId) {
        let mut captured = self.captured.subscribe();
        let everywhere = captured.wait_for(|edges| {
            let mut sets = edges.values();
            sets.all(|workers| workers.contains(&worker_id))
        });
        if tokio::time::timeout(CAPTURE_WAIT, everywhere)
            .await
            .is_err()
        {
            tracing::warn!(worker = %worker_id, "an edge does not capture a Worker's requests in time");
        }
    }

    /// Passes an event to those who want to see it.
    pub(super) fn deliver(&self, worker_id: WorkerId, event: &TraceEvent) {
        let chance = || self.chance();
        let tails = self.tails.lock();
        let wanting: Vec<_> = tails
            .values()
            .filter(|tail| tail.worker_id == worker_id && tail.filters.admit(event, &chance))
            .filter_map(|tail| match &tail.phase {
                Phase::Followed(queue) => Some(Arc::clone(queue)),
                Phase::Waiting | Phase::Ended => None,
            })
            .collect();
        drop(tails);
        if wanting.is_empty() {
            return;
        }
        let Ok(text) = serde_json::to_vec(event) else {
            return;
        };
        let (frame, now) = (Bytes::from(text), self.clock.now());
        for queue in wanting {
            queue.push(frame.clone(), now);
        }
    }

    /// A number from 0, which may come, to 1, which does not.
    fn chance(&self) -> f64 {
        let mut bytes = [0; 4];
        self.random.fill(&mut bytes);
        f64::from(u32::from_ne_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }

    fn tell(&self, tails: &HashMap<TailId, Tail>) {
        let live = tails.values().filter(|tail| tail.is_live());
        let workers: BTreeSet<_> = live.map(|tail| tail.worker_id).collect();
        self.tailed.send_if_modified(|told| {
            let differs = *told != workers;
            *told = workers;
            differs
        });
    }
}

/// Takes out what is over.
fn sweep(tails: &mut HashMap<TailId, Tail>, now: Timestamp) {
    tails.retain(|_, tail| {
        if now < tail.lasts_until() {
            return true;
        }
        if let Phase::Followed(queue) = &tail.phase {
            queue.end(TailEnd::Expired);
        }
        false
    });
}
