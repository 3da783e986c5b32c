//! How the runtime is run: every bound of a process in one place.

use std::path::PathBuf;
use std::time::Duration;

/// How workerd processes are started, watched and stopped.
#[derive(Clone, Debug)]
pub struct RuntimeConfig {
    /// The workerd binary; [`find_workerd`](crate::find_workerd) finds it.
    pub workerd: PathBuf,
    /// A directory of ours, mode 0700, for sockets. Made if missing.
    pub runtime_dir: PathBuf,
    /// The most JavaScript heap of one process, in MiB. A process over it aborts.
    pub heap_megabytes: u32,
    /// The most writable memory of one process, in MiB, buffers and WebAssembly included. An empty process
    /// counts about 480 of it, most never touched.
    pub data_megabytes: u32,
    /// The longest a process may take from spawn to ready.
    pub start_timeout: Duration,
    /// A process without requests for so long is stopped.
    pub idle_after: Duration,
    /// The time between two heartbeats of a process in use.
    pub heartbeat_every: Duration,
    /// A process that leaves a heartbeat unanswered for so long is killed.
    pub heartbeat_timeout: Duration,
    /// The longest a replaced process may finish its requests and WebSockets.
    pub drain_timeout: Duration,
    /// What a replaced process gets after its last request, for `ctx.waitUntil`.
    pub drain_grace: Duration,
    /// The time from SIGTERM to SIGKILL.
    pub term_grace: Duration,
    /// The longest a running Worker reads a secret without asking whether it changed.
    pub freshness_ms: u32,
    /// The most processes at one time.
    pub max_processes: usize,
    /// The pause after a first failure; it doubles with every further one.
    pub backoff_first: Duration,
    /// The longest pause between two starts of a failing version.
    pub backoff_most: Duration,
    /// Failures in a row after which requests are refused at once until the pause is over.
    pub circuit_after: u32,
    /// A process that ran for so long has recovered: its failures are forgotten.
    pub recovered_after: Duration,
}

impl RuntimeConfig {
    /// The defaults, for this binary and this directory.
    pub fn new(workerd: PathBuf, runtime_dir: PathBuf) -> Self {
        Self {
            workerd,
            runtime_dir,
            // The documented memory limit of a Worker.
            heap_megabytes: 128,
            data_megabytes: 1024,
            // Cold starts measure 17 to 170 ms; the rest is for a machine under load.
            start_timeout: Duration::from_secs(10),
            idle_after: Duration::from_secs(300),
            heartbeat_every: Duration::from_secs(1),
            heartbeat_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(60),
            // The documented limit of `waitUntil` after the response.
            drain_grace: Duration::from_secs(30),
            term_grace: Duration::from_secs(5),
            freshness_ms: 100,
            // About 9 MB each at rest.
            max_processes: 500,
            backoff_first: Duration::from_millis(100),
            backoff_most: Duration::from_secs(30),
            circuit_after: 5,
            recovered_after: Duration::from_secs(30),
        }
    }
}
