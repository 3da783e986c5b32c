//! Figures of wrong credentials and of the limits on them.

use std::sync::atomic::{AtomicU64, Ordering};

use coffer_engine::{Attempts, LimitedBy};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct By {
    by: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindBy {
    kind: &'static str,
    by: &'static str,
}

/// The series, filled from the engine when they are asked for.
#[derive(Default)]
pub(crate) struct AttemptMetrics {
    failures: Family<Kind, Counter<u64, AtomicU64>>,
    limited: Family<KindBy, Counter<u64, AtomicU64>>,
    records: Family<KindBy, Gauge>,
    limit: Family<By, Gauge>,
    window: Family<By, Gauge>,
}

impl AttemptMetrics {
    /// The series, in this registry.
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let series = Self::default();
        registry.register(
            "auth_failures",
            "Wrong credentials, by what was tried",
            series.failures.clone(),
        );
        registry.register(
            "auth_limited",
            "Attempts refused because of earlier wrong ones, by what was tried and by which limit",
            series.limited.clone(),
        );
        registry.register(
            "auth_limit_records",
            "Addresses and names whose wrong credentials are remembered",
            series.records.clone(),
        );
        registry.register(
            "auth_limit_attempts",
            "Wrong credentials that are let by in one window, as configured",
            series.limit.clone(),
        );
        registry.register(
            "auth_limit_window_seconds",
            "The window of that limit, as configured",
            series.window.clone(),
        );
        series
    }

    /// Takes over the present figures.
    pub(crate) fn fill(&self, attempts: &Attempts) {
        for figures in attempts.figures() {
            let kind = figures.kind.name();
            let failures = self.failures.get_or_create(&Kind { kind });
            failures.inner().store(figures.failures, Ordering::Relaxed);
            for (index, by) in LimitedBy::ALL.into_iter().enumerate() {
                let labels = KindBy {
                    kind,
                    by: by.name(),
                };
                let limited = self.limited.get_or_create(&labels);
                limited
                    .inner()
                    .store(figures.limited[index], Ordering::Relaxed);
                let records = self.records.get_or_create(&labels);
                records.set(i64::try_from(figures.records[index]).unwrap_or(i64::MAX));
            }
        }
        let limits = attempts.limits();
        for (by, rate) in [
            (LimitedBy::Address, limits.per_address),
            (LimitedBy::Name, limits.per_name),
        ] {
            let labels = By { by: by.name() };
            self.limit
                .get_or_create(&labels)
                .set(rate.attempts().into());
            self.window
                .get_or_create(&labels)
                .set(rate.window_seconds().into());
        }
    }
}
