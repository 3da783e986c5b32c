//! One process's way to those who follow its Worker.

use std::sync::Arc;

use coffer_protocol::feed::VersionRecord;
use coffer_protocol::tail::{TailSink, TraceEvent, TracedException, TracedVersion};
use coffer_types::Clock;

use super::redact;
use crate::process::Redactor;

const MICROS_PER_MILLISECOND: i64 = 1000;

/// One process's way to those who follow its Worker.
pub(crate) struct TailPort {
    version: Arc<VersionRecord>,
    redactor: Arc<Redactor>,
    sink: Arc<dyn TailSink>,
    clock: Arc<dyn Clock>,
}

/// Why a process ended in the middle of what it did, so that it could not tell of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It did not answer any more.
    Cpu,
    /// It had no memory left.
    Memory,
}

impl std::fmt::Debug for TailPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TailPort({})", self.version.version_id)
    }
}

impl TailPort {
    /// The way of a process that runs this version and knows these values.
    pub(crate) fn new(
        version: Arc<VersionRecord>,
        redactor: Arc<Redactor>,
        sink: Arc<dyn TailSink>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        Arc::new(Self {
            version,
            redactor,
            sink,
            clock,
        })
    }

    /// Passes on what the internal Worker sent; false if it is not its form.
    pub(super) fn take(&self, body: &[u8]) -> bool {
        let Ok(events) = serde_json::from_slice::<Vec<TraceEvent>>(body) else {
            return false;
        };
        for event in events {
            self.deliver(event);
        }
        true
    }

    /// Tells of what the process did when it was ended.
    pub(crate) fn cut(&self, cut: Cut) {
        let (outcome, message) = match cut {
            Cut::Cpu => ("exceededCpu", "Worker exceeded CPU time limit."),
            Cut::Memory => ("exceededMemory", "Worker exceeded memory limit."),
        };
        let now = self.clock.now().as_micros() / MICROS_PER_MILLISECOND;
        self.deliver(TraceEvent {
            outcome: outcome.to_owned(),
            script_name: None,
            script_version: None,
            truncated: false,
            execution_model: None,
            exceptions: vec![TracedException {
                name: "Error".to_owned(),
                message: message.into(),
                stack: None,
                timestamp: now.into(),
            }],
            logs: Vec::new(),
            diagnostics_channel_events: Vec::new(),
            event_timestamp: Some(now.into()),
            event: None,
        });
    }

    fn deliver(&self, mut event: TraceEvent) {
        redact::redact(&self.redactor, &mut event);
        event.script_name = Some(self.version.worker_name.clone());
        event.script_version = Some(TracedVersion {
            id: self.version.version_id,
        });
        self.sink.deliver(self.version.worker_id, event);
    }
}
