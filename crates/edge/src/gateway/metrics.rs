//! What the gateway counts. Labels are status classes only, so their number is bounded.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Upper bounds of the response time's buckets, in seconds: a warm Worker takes a fraction of a
/// millisecond, a cold one 20 ms, a slow one waits for somebody else.
const BUCKETS: [f64; 12] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0,
];

/// The gateway's counters. A clone counts into the same ones.
#[derive(Clone, Debug)]
pub(crate) struct GatewayMetrics {
    by_class: Family<ClassLabel, Counter>,
    // The same counters, so that a request looks none up.
    classes: [Counter; 5],
    duration: Histogram,
    pub(super) retries: Counter,
    pub(super) refused_connections: Counter,
    pub(super) connections: Gauge,
    pub(super) websockets: Gauge,
}

impl Default for GatewayMetrics {
    fn default() -> Self {
        let by_class = Family::<ClassLabel, Counter>::default();
        let classes = [1, 2, 3, 4, 5].map(|digit| {
            let label = ClassLabel {
                status: StatusClass(digit),
            };
            by_class.get_or_create(&label).clone()
        });
        Self {
            by_class,
            classes,
            duration: Histogram::new(BUCKETS),
            retries: Counter::default(),
            refused_connections: Counter::default(),
            connections: Gauge::default(),
            websockets: Gauge::default(),
        }
    }
}

impl GatewayMetrics {
    /// Makes the counters part of what a registry prints.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let gateway = registry.sub_registry_with_prefix("gateway");
        gateway.register(
            "requests",
            "Requests answered, by class of status",
            self.by_class.clone(),
        );
        gateway.register_with_unit(
            "response_time",
            "From the head of a request to the head of its response",
            Unit::Seconds,
            self.duration.clone(),
        );
        gateway.register(
            "retries",
            "Requests sent again because a kept connection had died",
            self.retries.clone(),
        );
        gateway.register(
            "refused_connections",
            "Connections closed because too many were open",
            self.refused_connections.clone(),
        );
        gateway.register(
            "connections",
            "Open client connections",
            self.connections.clone(),
        );
        gateway.register("websockets", "Open WebSockets", self.websockets.clone());
    }

    /// Counts one answer.
    pub(super) fn answered(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.classes.get(class) {
            counter.inc();
        }
        self.duration.observe(took.as_secs_f64());
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClassLabel {
    status: StatusClass,
}

/// The first digit of a status.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct StatusClass(u8);

impl EncodeLabelValue for StatusClass {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        use fmt::Write as _;
        write!(encoder, "{}xx", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_class() {
        let metrics = GatewayMetrics::default();
        let mut registry = Registry::default();
        metrics.register(&mut registry);
        metrics.answered(StatusCode::OK, Duration::from_millis(1));
        metrics.answered(StatusCode::CREATED, Duration::from_millis(1));
        metrics.answered(StatusCode::BAD_GATEWAY, Duration::from_millis(1));

        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        assert!(
            text.contains("gateway_requests_total{status=\"2xx\"} 2"),
            "{text}"
        );
        assert!(
            text.contains("gateway_requests_total{status=\"5xx\"} 1"),
            "{text}"
        );
        assert!(
            text.contains("gateway_requests_total{status=\"4xx\"} 0"),
            "{text}"
        );
        assert!(
            text.contains("gateway_response_time_seconds_count 3"),
            "{text}"
        );
    }
}
