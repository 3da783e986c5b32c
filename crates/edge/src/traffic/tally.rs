//! The requests of one Worker.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use coffer_protocol::traffic::{TrafficPart, TrafficSpan};
use coffer_types::{Clock, Timestamp};

use super::ring::Ring;

const MICROS_PER_MINUTE: i64 = 60 * 1_000_000;
const MICROS_PER_HOUR: i64 = 60 * MICROS_PER_MINUTE;
const MINUTES: usize = 60;
/// Those of a week.
const HOURS: usize = 7 * 24;

/// The requests of one Worker over the last week.
pub(crate) struct Tally {
    clock: Arc<dyn Clock>,
    room: Arc<AtomicUsize>,
    // Whether a request was not counted, because there was no room.
    is_left_out: AtomicBool,
    counts: OnceLock<Box<Counts>>,
}

#[derive(Debug)]
struct Counts {
    requests: Rings,
    errors: Rings,
}

#[derive(Debug)]
struct Rings {
    minutes: Ring<MINUTES>,
    hours: Ring<HOURS>,
}

impl Tally {
    /// None yet; `room` says for how many more Workers there is memory.
    pub(super) const fn new(clock: Arc<dyn Clock>, room: Arc<AtomicUsize>) -> Self {
        Self {
            clock,
            room,
            is_left_out: AtomicBool::new(false),
            counts: OnceLock::new(),
        }
    }

    /// Counts a request that was answered now, and whether that was an error.
    pub(crate) fn count(&self, is_error: bool) {
        let Some(counts) = self.counts().or_else(|| self.make_counts()) else {
            self.is_left_out.store(true, Ordering::Relaxed);
            return;
        };
        let now = self.clock.now();
        counts.requests.add(now);
        if is_error {
            counts.errors.add(now);
        }
    }

    /// The requests in each part of a stretch of time; `None` if there was no room to count them.
    pub(super) fn parts(&self, span: TrafficSpan) -> Option<Vec<TrafficPart>> {
        let now = self.clock.now();
        match self.counts() {
            Some(counts) => Some(parts(now, span, Some(counts))),
            None if self.is_left_out.load(Ordering::Relaxed) => None,
            None => Some(nothing(now, span)),
        }
    }

    fn counts(&self) -> Option<&Counts> {
        self.counts.get().map(Box::as_ref)
    }

    fn make_counts(&self) -> Option<&Counts> {
        let one_less = |room: usize| room.checked_sub(1);
        self.room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
            .ok()?;
        if self.counts.set(Box::new(Counts::new())).is_err() {
            // Another request was quicker.
            self.room.fetch_add(1, Ordering::Relaxed);
        }
        self.counts()
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        if self.counts.get().is_some() {
            self.room.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally").finish_non_exhaustive()
    }
}

impl Counts {
    const fn new() -> Self {
        Self {
            requests: Rings::new(),
            errors: Rings::new(),
        }
    }
}

impl Rings {
    const fn new() -> Self {
        Self {
            minutes: Ring::new(),
            hours: Ring::new(),
        }
    }

    fn add(&self, at: Timestamp) {
        self.minutes.add(number(at, MICROS_PER_MINUTE));
        self.hours.add(number(at, MICROS_PER_HOUR));
    }

    /// How many there were in a part: so many hours, or a minute if there are none.
    fn count(&self, part: i64, hours: i64) -> u64 {
        let count_of = |hour| u64::try_from(hour).map_or(0, |hour| self.hours.count(hour));
        match hours {
            0 => u64::try_from(part).map_or(0, |minute| self.minutes.count(minute)),
            _ => (part * hours..(part + 1) * hours).map(count_of).sum(),
        }
    }
}

/// A stretch of time in which there was no request.
pub(super) fn nothing(now: Timestamp, span: TrafficSpan) -> Vec<TrafficPart> {
    parts(now, span, None)
}

fn parts(now: Timestamp, span: TrafficSpan, counts: Option<&Counts>) -> Vec<TrafficPart> {
    let (hours, length) = match span {
        TrafficSpan::Hour => (0, 60),
        TrafficSpan::Day => (1, 24),
        TrafficSpan::Week => (6, 28),
    };
    let micros = match hours {
        0 => MICROS_PER_MINUTE,
        _ => hours * MICROS_PER_HOUR,
    };
    let last = now.as_micros().div_euclid(micros);
    let part = |number: i64| TrafficPart {
        begin: Timestamp::from_micros(number * micros),
        requests: counts.map_or(0, |counts| counts.requests.count(number, hours)),
        errors: counts.map_or(0, |counts| counts.errors.count(number, hours)),
    };
    (last - length + 1..=last).map(part).collect()
}

/// The part of this length that a moment is in, counted since 1970.
fn number(at: Timestamp, micros: i64) -> u64 {
    u64::try_from(at.as_micros().div_euclid(micros)).unwrap_or(0)
}
