//! The server's own figures. Labels come from the table of routes, never from a client.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// One series of requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RequestLabels {
    /// The method, `other` for one that no route has.
    pub(crate) method: &'static str,
    /// The route's path template; empty for paths that no route has.
    pub(crate) route: Arc<str>,
    /// The answer's status.
    pub(crate) status: u16,
}

/// The server's figures.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    duration: Histogram,
    commits: Counter<u64, AtomicU64>,
    writes: Counter<u64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("coffer");
        let requests = Family::default();
        registry.register(
            "api_requests",
            "Requests answered by the API",
            Family::clone(&requests),
        );
        // 100 µs to about 3 s.
        let duration = Histogram::new(exponential_buckets(0.0001, 2.0, 16));
        registry.register(
            "api_request_duration_seconds",
            "Time to answer a request of the API",
            duration.clone(),
        );
        let commits = Counter::default();
        registry.register(
            "store_commits",
            "Durable commits; each holds one or more writes",
            commits.clone(),
        );
        let writes = Counter::default();
        registry.register("store_writes", "Writes in those commits", writes.clone());
        Self {
            registry,
            requests,
            duration,
            commits,
            writes,
        }
    }
}

impl Metrics {
    /// Counts one answered request.
    pub(crate) fn observe(&self, labels: &RequestLabels, elapsed: Duration) {
        self.requests.get_or_create(labels).inc();
        self.duration.observe(elapsed.as_secs_f64());
    }

    /// Everything in the OpenMetrics text format, with `further` metrics before the end.
    pub(crate) fn text(&self, (commits, writes): (u64, u64), further: &str) -> String {
        self.commits.inner().store(commits, Ordering::Relaxed);
        self.writes.inner().store(writes, Ordering::Relaxed);
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        if let Some(end) = text.rfind("# EOF") {
            text.truncate(end);
        }
        let _ = writeln!(text, "{further}# EOF");
        text
    }
}
