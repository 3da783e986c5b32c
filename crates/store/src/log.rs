//! The audit log as a Merkle log, in the form of <https://c2sp.org/tlog-tiles>: what was signed once cannot be
//! edited, removed, reordered or added to without being found.
//!
//! Every event is a leaf: [`line`](line::line) is what is hashed, and the event's place is its `seq`. The writer
//! grows the tree in the transaction of the events themselves ([`tail`]) and signs its root at the end of each group.
//! The store knows no key: whoever opened the database gives it a [`SignCheckpoint`].

pub(crate) mod adopt;
pub mod line;
mod snapshot;
pub(crate) mod tail;
pub mod tree;

use std::fmt::Debug;
use std::sync::Arc;

pub use snapshot::{KeptEvent, Snapshot};
use tree::Hash;

/// Signs what the log is, and knows its own signatures again.
pub trait SignCheckpoint: Debug + Send + Sync {
    /// The signed note over a tree of this size and root.
    fn sign(&self, size: u64, root: &Hash) -> String;
    /// The size and root in a note that this signer signed about this log; `None` for any other text.
    fn signed(&self, note: &str) -> Option<(u64, Hash)>;
}

/// What the log is now.
#[derive(Clone, Debug, Default)]
pub struct LogHead {
    /// Events.
    pub size: u64,
    /// The newest checkpoint, signed; `None` before the first.
    pub note: Option<Arc<str>>,
    /// Why the log is not what was signed. From then on nothing is signed: a new signature would cover it up.
    pub damage: Option<Arc<str>>,
}
