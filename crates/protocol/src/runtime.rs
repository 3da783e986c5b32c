//! What the engine asks of a runtime before it accepts a version.

use async_trait::async_trait;
use bytes::Bytes;

use crate::feed::{AccountRecord, VersionRecord};

/// A version that is not yet stored, with all that is needed to start it once.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// The account, for its keys.
    pub account: &'a AccountRecord,
    /// The version as it would be stored; its secrets are sealed already.
    pub version: &'a VersionRecord,
    /// The contents of `version.modules`, in the same order.
    pub contents: &'a [Bytes],
}

/// A version that started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// Milliseconds from spawn to ready.
    pub startup_time_ms: u32,
    /// The handlers of the default export, such as `fetch`, sorted.
    pub handlers: Vec<String>,
}

/// Why a version was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The code is at fault. The text is the runtime's own, without host paths.
    #[error("{0}")]
    Refused(String),
    /// The runtime is at fault: missing, or the machine is out of something.
    #[error("the runtime is unavailable: {0}")]
    Unavailable(String),
}

/// A runtime that can try a version.
#[async_trait]
pub trait StartCheck: Send + Sync {
    /// Starts the candidate as it would run, reads its handlers and stops it.
    async fn check(&self, candidate: Candidate<'_>) -> Result<Started, StartError>;
}
