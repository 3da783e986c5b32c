//! The server's own figures. Labels come from the table of routes, never from a client.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use coffer_engine::Attempts;
use coffer_engine::log::LogHead;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::attempt_metrics::AttemptMetrics;

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
    audit_log_size: Gauge,
    audit_log_damaged: Gauge,
    attempts: AttemptMetrics,
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
        let audit_log_size = Gauge::default();
        registry.register(
            "audit_log_size",
            "Events in the audit log",
            audit_log_size.clone(),
        );
        let audit_log_damaged = Gauge::default();
        registry.register(
            "audit_log_damaged",
            "1 if the audit log is not what was signed",
            audit_log_damaged.clone(),
        );
        let attempts = AttemptMetrics::new(&mut registry);
        Self {
            registry,
            requests,
            duration,
            commits,
            writes,
            audit_log_size,
            audit_log_damaged,
            attempts,
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
    pub(crate) fn text(
        &self,
        (commits, writes): (u64, u64),
        audit_log: &LogHead,
        attempts: &Attempts,
        further: &str,
    ) -> String {
        self.attempts.fill(attempts);
        self.commits.inner().store(commits, Ordering::Relaxed);
        self.writes.inner().store(writes, Ordering::Relaxed);
        let size = i64::try_from(audit_log.size).unwrap_or(i64::MAX);
        self.audit_log_size.set(size);
        self.audit_log_damaged
            .set(audit_log.damage.is_some().into());
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
