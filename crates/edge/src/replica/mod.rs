//! What this edge serves from: in memory, on disk, and kept equal to the control plane.

mod blobs;
mod disk;
mod follow;
mod state;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use coffer_protocol::feed::{Change, ChangeSource, Seq, Snapshot};
use coffer_types::{EdgeId, Random};
use parking_lot::RwLock;
use tokio::sync::watch;

use crate::metrics::EdgeMetrics;
pub(crate) use blobs::Blobs;
use disk::ReplicaFiles;
pub(crate) use follow::follow;
use state::Effect;
pub(crate) use state::State;

/// What this edge serves from.
#[derive(Debug)]
pub(crate) struct Replica {
    edge_id: EdgeId,
    state: RwLock<State>,
    blobs: Blobs,
    files: ReplicaFiles,
    metrics: EdgeMetrics,
    // Grows with every change that a running process may read. Never zero.
    secrets_generation: AtomicU64,
    routes_changed: watch::Sender<u64>,
    applied: watch::Sender<Seq>,
    following: AtomicBool,
}

impl Replica {
    /// Opens the replica of this directory as it was last stored, or empty.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub(crate) fn open(
        directory: &Path,
        source: Arc<dyn ChangeSource>,
        random: &dyn Random,
        metrics: EdgeMetrics,
    ) -> io::Result<Arc<Self>> {
        let files = ReplicaFiles::open(directory)?;
        let edge_id = files.edge_id(random)?;
        let state = files.read().map(State::from_snapshot).unwrap_or_default();
        Ok(Arc::new(Self {
            edge_id,
            blobs: Blobs::new(files.blobs(), source),
            files,
            metrics,
            secrets_generation: AtomicU64::new(1),
            routes_changed: watch::Sender::new(0),
            applied: watch::Sender::new(Seq(0)),
            following: AtomicBool::new(false),
            state: RwLock::new(state),
        }))
    }

    /// This edge.
    pub(crate) const fn edge_id(&self) -> EdgeId {
        self.edge_id
    }

    /// Reads the state. Short, and never across an await.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.read())
    }

    /// Modules' contents.
    pub(crate) const fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Whether the last exchange with the source went well and everything it told is applied.
    pub(crate) fn is_following(&self) -> bool {
        self.following.load(Ordering::SeqCst)
    }

    /// Counts the changes that a running process may read. Read it before the state.
    pub(crate) fn secrets_generation(&self) -> u64 {
        self.secrets_generation.load(Ordering::SeqCst)
    }

    /// Tells of changes to what answers where.
    pub(crate) fn routes_changed(&self) -> watch::Receiver<u64> {
        self.routes_changed.subscribe()
    }

    /// Makes a snapshot the state. Whatever was there before is gone.
    fn replace(&self, snapshot: Snapshot) {
        let fresh = State::from_snapshot(snapshot);
        let seq = fresh.seq;
        *self.state.write() = fresh;
        self.tell(Effect::Both, seq);
    }

    /// Applies changes in order.
    fn apply(&self, changes: Vec<Change>) {
        let (seq, effects) = {
            let mut state = self.state.write();
            let effects: Vec<_> = changes
                .into_iter()
                .map(|change| state.apply(change))
                .collect();
            (state.seq, effects)
        };
        for effect in effects {
            self.tell(effect, seq);
        }
    }

    fn tell(&self, effect: Effect, seq: Seq) {
        if matches!(effect, Effect::Secrets | Effect::Both) {
            self.secrets_generation.fetch_add(1, Ordering::SeqCst);
        }
        if matches!(effect, Effect::Routes | Effect::Both) {
            self.routes_changed.send_modify(|count| *count += 1);
        }
        self.metrics.replica_at(seq.0);
        self.applied.send_replace(seq);
    }
}
