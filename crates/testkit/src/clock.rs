//! A clock that stands still until it is told to move.

use std::sync::atomic::{AtomicI64, Ordering};

use coffer_types::{Clock, Timestamp};

/// A clock for tests.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows this moment.
    pub const fn at(moment: Timestamp) -> Self {
        Self(AtomicI64::new(moment.as_micros()))
    }

    /// Moves the clock forward by a number of microseconds.
    pub fn advance_micros(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    /// Moves the clock forward by a number of seconds.
    pub fn advance_seconds(&self, seconds: i64) {
        self.advance_micros(seconds * 1_000_000);
    }
}

impl Default for FixedClock {
    /// Noon of 22 November 2026, in UTC.
    fn default() -> Self {
        Self::at(Timestamp::from_micros(1_795_348_800_000_000))
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_until_it_is_moved() {
        let clock = FixedClock::default();
        assert_eq!(clock.now().to_string(), "2026-11-22T12:00:00.000000Z");
        assert_eq!(clock.now(), clock.now());
        clock.advance_seconds(90);
        assert_eq!(clock.now().to_string(), "2026-11-22T12:01:30.000000Z");
    }
}
