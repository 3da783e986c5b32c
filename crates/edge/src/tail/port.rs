//! One process's way to those who follow its Worker.

use std::sync::Arc;

use coffer_protocol::feed::VersionRecord;
use coffer_protocol::tail::{TailSink, TraceEvent, TracedException, TracedVersion};
use coffer_types::Clock;
use serde_json::Value;
use tokio::sync::watch;

use super::redact;
use crate::config::CHECK_MODULE;
use crate::process::{OneLine, Redactor};

const MICROS_PER_MILLISECOND: i64 = 1000;
const OK: &str = "ok";
const EXCEPTION: &str = "exception";

/// One process's way to those who follow its Worker.
pub(crate) struct TailPort {
    version: Arc<VersionRecord>,
    redactor: Arc<Redactor>,
    sink: Arc<dyn TailSink>,
    clock: Arc<dyn Clock>,
    // What set the process off, if it is not requests: it runs this once.
    cause: Option<Value>,
    has_told: watch::Sender<bool>,
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
        cause: Option<Value>,
    ) -> Arc<Self> {
        Arc::new(Self {
            version,
            redactor,
            sink,
            clock,
            cause,
            has_told: watch::Sender::new(false),
        })
    }

    /// Passes on what the internal Worker sent; false if it is not its form.
    pub(super) fn take(&self, body: &[u8]) -> bool {
        let Ok(events) = serde_json::from_slice::<Vec<TraceEvent>>(body) else {
            return false;
        };
        for mut event in events {
            if let Some(cause) = &self.cause {
                as_run(&mut event, cause);
            }
            self.deliver(event);
        }
        self.has_told.send_replace(true);
        true
    }

    /// Waits until the process has told what it did.
    pub(crate) async fn told(&self) {
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.has_told.subscribe().wait_for(|told| *told).await;
    }

    /// Tells of what the process did when it was ended.
    pub(crate) fn cut(&self, cut: Cut) {
        match cut {
            Cut::Cpu => self.tell("exceededCpu", Some("Worker exceeded CPU time limit.")),
            Cut::Memory => self.tell("exceededMemory", Some("Worker exceeded memory limit.")),
        }
    }

    /// Tells that what was to be done failed, and why, where no process could.
    pub(crate) fn failed(&self, why: &str) {
        self.tell(EXCEPTION, Some(why));
    }

    /// Tells that all was done, of a process that ended before it told more.
    pub(crate) fn done(&self) {
        self.tell(OK, None);
    }

    fn tell(&self, outcome: &str, message: Option<&str>) {
        let now = self.clock.now().as_micros() / MICROS_PER_MILLISECOND;
        let exception = message.map(|message| TracedException {
            name: "Error".to_owned(),
            message: message.into(),
            stack: None,
            timestamp: now.into(),
        });
        self.deliver(TraceEvent {
            outcome: outcome.to_owned(),
            script_name: None,
            script_version: None,
            truncated: false,
            execution_model: None,
            exceptions: exception.into_iter().collect(),
            logs: Vec::new(),
            diagnostics_channel_events: Vec::new(),
            event_timestamp: Some(now.into()),
            event: self.cause.clone(),
        });
    }

    fn deliver(&self, mut event: TraceEvent) {
        redact::redact(&self.redactor, &mut event);
        if self.cause.is_some() {
            // A run that nobody follows prints them instead.
            for TracedException { name, message, .. } in &event.exceptions {
                let version = self.version.version_id;
                tracing::warn!(%version, name = %OneLine(name), message = %OneLine(message), "a scheduled run threw");
            }
        }
        event.script_name = Some(self.version.worker_name.clone());
        event.script_version = Some(TracedVersion {
            id: self.version.version_id,
        });
        self.sink.deliver(self.version.worker_id, event);
    }
}

/// What the runtime traced is the request that begins a run: the run itself is told instead.
fn as_run(event: &mut TraceEvent, cause: &Value) {
    event.event = Some(cause.clone());
    // What is left to be done belongs to the run: it fails with it.
    if event.outcome == OK && !event.exceptions.is_empty() {
        EXCEPTION.clone_into(&mut event.outcome);
    }
    for exception in &mut event.exceptions {
        if let Some(stack) = &mut exception.stack {
            let own = |line: &&str| !line.contains(CHECK_MODULE);
            let lines: Vec<_> = stack.lines().filter(own).collect();
            *stack = lines.join("\n");
        }
        exception.stack.take_if(|stack| stack.is_empty());
    }
}
