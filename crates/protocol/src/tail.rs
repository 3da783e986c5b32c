//! Live logs: what an edge captures while somebody follows a Worker, and how the followers ask for it.
//!
//! An edge asks [`TailSink::tailed`] which Workers are followed, captures exactly those, says so, and hands over
//! what it captured. The wire shape of an event is what `wrangler tail` prints.

use std::collections::BTreeSet;

use async_trait::async_trait;
use coffer_types::{EdgeId, VersionId, WorkerId, WorkerName};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// Where an edge hands over what it captures. In one process the engine implements it.
#[async_trait]
pub trait TailSink: Send + Sync {
    /// The Workers that are followed: waits until they are others than these. An error of the way there is the
    /// implementation's to try again.
    async fn tailed(&self, known: &BTreeSet<WorkerId>) -> BTreeSet<WorkerId>;

    /// Tells which Workers' requests this edge captures from now on, all of them.
    async fn capturing(&self, edge: EdgeId, workers: BTreeSet<WorkerId>);

    /// Hands over one event of a Worker, in which no secret value is left. Never waits: what nobody follows, or
    /// nobody can take, is let go.
    fn deliver(&self, worker_id: WorkerId, event: TraceEvent);
}

/// One invocation of a Worker, as its followers read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceEvent {
    /// How it ended: `ok`, `exception`, `canceled`, `exceededCpu`, `exceededMemory` and others.
    pub outcome: String,
    /// The Worker; the edge tells it, not the runtime.
    #[serde(default)]
    pub script_name: Option<WorkerName>,
    /// The version; the edge tells it, not the runtime.
    #[serde(default)]
    pub script_version: Option<TracedVersion>,
    /// Whether log lines were left out because there were too many.
    #[serde(default)]
    pub truncated: bool,
    /// Always `stateless`: no other kind is run.
    #[serde(default)]
    pub execution_model: Option<String>,
    /// What was not caught, in order.
    #[serde(default)]
    pub exceptions: Vec<TracedException>,
    /// What was printed, in order.
    #[serde(default)]
    pub logs: Vec<TracedLog>,
    /// What was published on diagnostics channels, in order.
    #[serde(default)]
    pub diagnostics_channel_events: Vec<Value>,
    /// When it began, in milliseconds since 1970.
    pub event_timestamp: Option<Number>,
    /// What set it off: `{"request": …, "response": …}`, or `{"cron": …, "scheduledTime": …}`.
    pub event: Option<Value>,
}

/// A version in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedVersion {
    /// Its id.
    pub id: VersionId,
}

/// An exception in an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TracedException {
    /// Its class.
    #[serde(default)]
    pub name: String,
    /// What it says.
    #[serde(default)]
    pub message: Value,
    /// Where it was thrown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// When, in milliseconds since 1970.
    pub timestamp: Number,
}

/// A line of the console in an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TracedLog {
    /// What was given to `console`, each as JSON.
    pub message: Vec<Value>,
    /// `log`, `error`, `warn`, `info` or `debug`.
    pub level: String,
    /// When, in milliseconds since 1970.
    pub timestamp: Number,
}

/// A tail as the API tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TailInfo {
    /// Its id.
    pub id: String,
    /// Where to follow it. Only the answer that makes a tail has the part that lets one in.
    pub url: String,
    /// When it ends, RFC 3339.
    pub expires_at: String,
}

#[cfg(test)]
mod tests {
    use super::TraceEvent;

    #[test]
    fn what_the_runtime_traces_is_read_and_what_it_does_not_measure_left_out() {
        let traced = serde_json::json!({
            "wallTime": 0, "cpuTime": 0, "truncated": false, "executionModel": "stateless", "outcome": "exception",
            "scriptName": null, "diagnosticsChannelEvents": [],
            "exceptions": [{ "stack": "    at Object.fetch (main.js:6:33)", "name": "TypeError", "message": "oops", "timestamp": 1_795_328_131_444_u64 }],
            "logs": [{ "message": ["hello", { "a": 1 }, null], "level": "log", "timestamp": 1_795_328_131_428_u64 }],
            "eventTimestamp": 1_795_328_131_428_u64,
            "event": { "request": { "url": "http://a/", "method": "GET", "headers": {}, "cf": {} } },
        });
        let event: TraceEvent = serde_json::from_value(traced).unwrap();
        assert_eq!(event.logs[0].message.len(), 3);
        let told = serde_json::to_value(&event).unwrap();
        assert_eq!(told["exceptions"][0]["name"], "TypeError");
        assert_eq!(told["event"]["request"]["method"], "GET");
        assert!(told.get("cpuTime").is_none(), "{told}");
    }
}
