//! How a version's processes have fared, and when the next may be started.

use std::time::Duration;

use tokio::time::Instant;

use crate::settings::RuntimeConfig;

/// The failures of one version since it last worked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct History {
    failures: u32,
    not_before: Option<Instant>,
}

/// Whether a process may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Now.
    Start,
    /// After a short pause.
    Wait(Instant),
    /// Not soon: it failed too often.
    Refuse,
}

impl History {
    /// Whether a process may be started at this moment.
    pub(super) fn verdict(&self, runtime: &RuntimeConfig, now: Instant) -> Verdict {
        match self.not_before {
            Some(moment) if moment > now && self.failures >= runtime.circuit_after => {
                Verdict::Refuse
            }
            Some(moment) if moment > now => Verdict::Wait(moment),
            _ => Verdict::Start,
        }
    }

    /// Counts a failure of a process that had run for `lived`.
    pub(super) fn failed(&mut self, runtime: &RuntimeConfig, now: Instant, lived: Duration) {
        if lived >= runtime.recovered_after {
            self.failures = 0;
        }
        let doubling = 1u32.checked_shl(self.failures.min(20)).unwrap_or(u32::MAX);
        self.failures = self.failures.saturating_add(1);
        let pause = runtime
            .backoff_first
            .saturating_mul(doubling)
            .min(runtime.backoff_most);
        self.not_before = Some(now + pause);
    }

    /// A process ended as it should.
    pub(super) fn ended_well(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> RuntimeConfig {
        RuntimeConfig {
            backoff_first: Duration::from_millis(100),
            backoff_most: Duration::from_secs(1),
            circuit_after: 3,
            recovered_after: Duration::from_secs(30),
            ..RuntimeConfig::new("workerd".into(), "run".into())
        }
    }

    #[test]
    fn pauses_double_then_the_circuit_opens() {
        let (runtime, now) = (runtime(), Instant::now());
        let mut history = History::default();
        assert_eq!(history.verdict(&runtime, now), Verdict::Start);
        for pause_ms in [100, 200] {
            history.failed(&runtime, now, Duration::ZERO);
            let until = now + Duration::from_millis(pause_ms);
            assert_eq!(history.verdict(&runtime, now), Verdict::Wait(until));
            assert_eq!(history.verdict(&runtime, until), Verdict::Start);
        }
        history.failed(&runtime, now, Duration::ZERO);
        assert_eq!(history.verdict(&runtime, now), Verdict::Refuse);
        // After the pause one start is tried; if it fails too, the next pause is longer, up to the most.
        assert_eq!(
            history.verdict(&runtime, now + Duration::from_millis(400)),
            Verdict::Start
        );
        for _ in 0..40 {
            history.failed(&runtime, now, Duration::ZERO);
        }
        assert_eq!(
            history.verdict(&runtime, now + Duration::from_millis(999)),
            Verdict::Refuse
        );
        assert_eq!(
            history.verdict(&runtime, now + Duration::from_secs(1)),
            Verdict::Start
        );
    }

    #[test]
    fn a_long_life_forgives() {
        let (runtime, now) = (runtime(), Instant::now());
        let mut history = History::default();
        for _ in 0..10 {
            history.failed(&runtime, now, Duration::ZERO);
        }
        history.failed(&runtime, now, Duration::from_secs(31));
        let until = now + Duration::from_millis(100);
        assert_eq!(history.verdict(&runtime, now), Verdict::Wait(until));
    }
}
