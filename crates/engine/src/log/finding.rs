//! What can be found wrong with a log.

use std::fmt;

use serde::Serialize;

/// What a log is, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Nothing is wrong.
    pub ok: bool,
    /// Events that are there.
    pub size: u64,
    /// The root of the tree over them, in hexadecimal digits.
    pub root: String,
    /// When the newest of them was, in RFC 3339; `None` for an empty log, or for an event that does not tell.
    pub last_event_at: Option<String>,
    /// What is wrong, at most [`Verification::MAX_FINDINGS`] of it.
    pub findings: Vec<Finding>,
    /// How many further findings there are.
    pub further_findings: u64,
}

impl Verification {
    /// Findings that are told one by one: somebody reads them.
    pub const MAX_FINDINGS: usize = 10_000;
}

/// One thing that is wrong. Places count from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Finding {
    /// An event is not what was signed.
    Edited {
        /// Its place.
        seq: u64,
        /// The id that it has now.
        id: String,
    },
    /// An event that was signed is gone. Only its hash is known.
    Deleted {
        /// Its place.
        seq: u64,
    },
    /// An event that was never signed: inserted, or added after the log was damaged.
    Inserted {
        /// Where it is.
        seq: i64,
        /// Its id.
        id: String,
    },
    /// An event has another's place.
    Moved {
        /// The place that was signed.
        seq: u64,
        /// Where it is.
        found_at: i64,
        /// Its id.
        id: String,
    },
    /// Events are in their order under other numbers.
    Renumbered {
        /// The first of them by the place that was signed.
        seq: u64,
        /// Where it is.
        found_at: i64,
    },
    /// At least one of these events is not what was signed. Which one cannot be told, because what was kept about them
    /// changed with it.
    Unlocated {
        /// The first event in question.
        first_seq: u64,
        /// The last.
        last_seq: u64,
    },
    /// The hash kept with an event, or its entry in a bundle, is not the event's.
    LeafChanged {
        /// The event's place.
        seq: u64,
        /// Its id.
        id: String,
    },
    /// A tile is missing or does not hold the hashes of its events.
    TileChanged {
        /// Its level.
        level: u8,
        /// Its place in the level, from 0.
        tile: u64,
    },
    /// The checkpoint of this size is gone.
    CheckpointMissing {
        /// Its size.
        size: u64,
    },
    /// The checkpoint of this size is not one that the key signed.
    CheckpointInvalid {
        /// Its size.
        size: u64,
    },
    /// The newest checkpoint is gone, or not one that the key signed.
    HeadInvalid {
        /// Why it is not believed.
        reason: String,
    },
    /// A checkpoint that was kept elsewhere has more events than the log.
    Truncated {
        /// Which checkpoint.
        checkpoint: String,
        /// Events that it is over.
        size: u64,
    },
    /// A checkpoint that was kept elsewhere is over other events than the log's.
    Forked {
        /// Which checkpoint.
        checkpoint: String,
        /// Events that it is over.
        size: u64,
    },
    /// What was given as a checkpoint is not one that the key signed.
    GivenCheckpointInvalid {
        /// Which checkpoint.
        checkpoint: String,
        /// Why it is not believed.
        reason: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edited { seq, id } => write!(f, "event {seq} ({id}) was edited"),
            Self::Deleted { seq } => write!(f, "event {seq} was deleted"),
            Self::Inserted { seq, id } => {
                write!(f, "event {id} at place {seq} is not one that was signed")
            }
            Self::Moved { seq, found_at, id } => {
                write!(f, "event {seq} ({id}) was moved to place {found_at}")
            }
            Self::Renumbered { seq, found_at } => {
                write!(
                    f,
                    "events from {seq} on were renumbered: it is at place {found_at}"
                )
            }
            Self::Unlocated {
                first_seq,
                last_seq,
            } => write!(
                f,
                "events {first_seq} to {last_seq}: at least one is not what was signed; which cannot be told"
            ),
            Self::LeafChanged { seq, id } => {
                write!(
                    f,
                    "the hash kept with event {seq} ({id}) was changed; the event was not"
                )
            }
            Self::TileChanged { level, tile } => {
                write!(f, "tile {tile} of level {level} was changed or removed")
            }
            Self::CheckpointMissing { size } => {
                write!(f, "the checkpoint of {size} events is gone")
            }
            Self::CheckpointInvalid { size } => {
                write!(
                    f,
                    "the checkpoint of {size} events is not signed by the log's key"
                )
            }
            Self::HeadInvalid { reason } => {
                write!(f, "the newest checkpoint is not valid: {reason}")
            }
            Self::Truncated { checkpoint, size } => write!(
                f,
                "{checkpoint} is over {size} events, and the log has fewer: it was truncated"
            ),
            Self::Forked { checkpoint, size } => write!(
                f,
                "{checkpoint} is over {size} other events than the log's: the log was forked"
            ),
            Self::GivenCheckpointInvalid { checkpoint, reason } => {
                write!(f, "{checkpoint} proves nothing: {reason}")
            }
        }
    }
}
