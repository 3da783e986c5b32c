//! What the edge counts. No label holds a secret or a name that a tenant chose.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Seconds: a start measures 17 to 170 ms.
const START_BUCKETS: [f64; 8] = [0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 1.0, 5.0];
/// Seconds: a delivery is a lookup and an AES-GCM opening.
const DELIVERY_BUCKETS: [f64; 8] = [
    0.000_01, 0.000_03, 0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.1,
];

/// The edge's counters. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct EdgeMetrics {
    processes: Gauge,
    starts: Counter,
    start_failures: Counter,
    start_seconds: Histogram,
    kills: Family<KillLabel, Counter>,
    reads: Counter,
    deliveries: Family<DeliveryLabel, Counter>,
    delivery_seconds: Histogram,
    replica_seq: Gauge<u64, AtomicU64>,
    caught_up: Gauge,
    unreported_reads: Gauge,
}

/// Why a process did not end as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum KillReason {
    /// It ended by itself.
    Died,
    /// It did not answer its heartbeat.
    Hung,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KillLabel {
    reason: KillReason,
}

/// How a secret was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum DeliveryOutcome {
    /// With its value.
    Value,
    /// As missing.
    Missing,
    /// Not: it did not open.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabel {
    outcome: DeliveryOutcome,
}

impl Default for EdgeMetrics {
    fn default() -> Self {
        Self {
            processes: Gauge::default(),
            starts: Counter::default(),
            start_failures: Counter::default(),
            start_seconds: Histogram::new(START_BUCKETS),
            kills: Family::default(),
            reads: Counter::default(),
            deliveries: Family::default(),
            delivery_seconds: Histogram::new(DELIVERY_BUCKETS),
            replica_seq: Gauge::default(),
            caught_up: Gauge::default(),
            unreported_reads: Gauge::default(),
        }
    }
}

impl EdgeMetrics {
    /// Puts the counters into a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("edge");
        registry.register(
            "processes",
            "Worker processes that run",
            self.processes.clone(),
        );
        registry.register(
            "process_starts",
            "Worker processes that became ready",
            self.starts.clone(),
        );
        registry.register(
            "process_start_failures",
            "Worker processes that did not become ready",
            self.start_failures.clone(),
        );
        registry.register(
            "process_start_seconds",
            "Time from spawn to ready",
            self.start_seconds.clone(),
        );
        registry.register(
            "process_failures",
            "Ready Worker processes that died or were killed for hanging",
            self.kills.clone(),
        );
        registry.register(
            "secret_reads",
            "Reads of store secrets by Workers",
            self.reads.clone(),
        );
        registry.register(
            "secret_deliveries",
            "Store secrets handed to a process, by outcome",
            self.deliveries.clone(),
        );
        registry.register(
            "secret_delivery_seconds",
            "Time to answer a process that asks for secrets",
            self.delivery_seconds.clone(),
        );
        registry.register(
            "replica_seq",
            "The last change that this edge serves",
            self.replica_seq.clone(),
        );
        registry.register(
            "replica_caught_up",
            "Whether the edge follows the control plane now",
            self.caught_up.clone(),
        );
        registry.register(
            "access_reports_waiting",
            "Kinds of read that are not yet reported for the audit log",
            self.unreported_reads.clone(),
        );
    }

    pub(crate) fn started(&self, took: Duration) {
        self.processes.inc();
        self.starts.inc();
        self.start_seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn stopped(&self) {
        self.processes.dec();
    }

    pub(crate) fn start_failed(&self) {
        self.start_failures.inc();
    }

    pub(crate) fn killed(&self, reason: KillReason) {
        self.kills.get_or_create(&KillLabel { reason }).inc();
    }

    pub(crate) fn read(&self, reads: u64) {
        self.reads.inc_by(reads);
    }

    pub(crate) fn delivered(&self, outcome: DeliveryOutcome) {
        self.deliveries
            .get_or_create(&DeliveryLabel { outcome })
            .inc();
    }

    pub(crate) fn delivery_took(&self, took: Duration) {
        self.delivery_seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn replica_at(&self, seq: u64) {
        self.replica_seq.set(seq);
    }

    pub(crate) fn caught_up(&self, yes: bool) {
        self.caught_up.set(i64::from(yes));
    }

    pub(crate) fn reports_waiting(&self, count: usize) {
        self.unreported_reads
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}
