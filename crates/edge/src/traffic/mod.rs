//! Requests counted by Worker and by time, in memory, for whoever asks how a Worker does.
//!
//! A Worker's [`Tally`] is at hand wherever its process is, so that a request looks nothing up: it costs one look at
//! the clock and two to four relaxed additions. Counts are kept for a week and gone with the process.

mod ring;
mod tally;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use coffer_protocol::traffic::{TrafficPart, TrafficSource, TrafficSpan};
use coffer_types::{Clock, Timestamp, WorkerId};
use parking_lot::Mutex;

pub(crate) use tally::Tally;

/// Workers that are counted at once: with 4 KiB each, 32 MiB at most. Those after them are not, until one of these is
/// deleted. Our own bound.
const MAX_COUNTED_WORKERS: usize = 8192;

/// The counts of all Workers of an edge.
pub(crate) struct Traffic {
    clock: Arc<dyn Clock>,
    since: Timestamp,
    room: Arc<AtomicUsize>,
    tallies: Mutex<HashMap<WorkerId, Arc<Tally>>>,
}

impl Traffic {
    /// Nothing counted yet.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Self::with_room(clock, MAX_COUNTED_WORKERS)
    }

    /// The counts of a Worker that no test asks about.
    #[cfg(test)]
    pub(crate) fn tally_for_tests() -> Arc<Tally> {
        Self::new(Arc::new(coffer_types::SystemClock)).tally(WorkerId::from_bytes([0; 16]))
    }

    fn with_room(clock: Arc<dyn Clock>, room: usize) -> Arc<Self> {
        Arc::new(Self {
            since: clock.now(),
            clock,
            room: Arc::new(AtomicUsize::new(room)),
            tallies: Mutex::default(),
        })
    }

    /// The Worker's counts, which take little memory before the first request.
    pub(crate) fn tally(&self, worker_id: WorkerId) -> Arc<Tally> {
        match self.tallies.lock().entry(worker_id) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(vacant) => {
                let tally = Tally::new(Arc::clone(&self.clock), Arc::clone(&self.room));
                Arc::clone(vacant.insert(Arc::new(tally)))
            }
        }
    }

    /// Forgets the Workers that are gone.
    pub(crate) fn retain(&self, exists: impl Fn(WorkerId) -> bool) {
        self.tallies
            .lock()
            .retain(|worker_id, _| exists(*worker_id));
    }
}

impl TrafficSource for Traffic {
    fn since(&self) -> Timestamp {
        self.since
    }

    fn of_worker(&self, worker_id: WorkerId, span: TrafficSpan) -> Option<Vec<TrafficPart>> {
        let tally = self.tallies.lock().get(&worker_id).cloned();
        match tally {
            Some(tally) => tally.parts(span),
            // Not deployed since the start.
            None => Some(tally::nothing(self.clock.now(), span)),
        }
    }
}

impl std::fmt::Debug for Traffic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Traffic")
            .field("since", &self.since)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    const SECOND: i64 = 1_000_000;
    const MINUTE: i64 = 60 * SECOND;
    const HOUR: i64 = 60 * MINUTE;

    /// A clock that tests set.
    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0.load(Ordering::Relaxed))
        }
    }

    impl Hand {
        /// In the middle of a minute, of an hour and of six hours.
        fn new() -> Arc<Self> {
            Arc::new(Self(AtomicI64::new(
                500_000 * 6 * HOUR + 2 * HOUR + 30 * MINUTE,
            )))
        }

        fn advance(&self, micros: i64) {
            self.0.fetch_add(micros, Ordering::Relaxed);
        }
    }

    fn worker(number: u8) -> WorkerId {
        WorkerId::from_bytes([number; 16])
    }

    /// The requests and errors of each part that has any, with its place counted from the present one backwards.
    fn seen(traffic: &Traffic, span: TrafficSpan) -> Vec<(usize, u64, u64)> {
        let parts = traffic.of_worker(worker(1), span).unwrap();
        let placed = parts.iter().rev().enumerate();
        placed
            .filter(|(_, part)| part.requests > 0 || part.errors > 0)
            .map(|(place, part)| (place, part.requests, part.errors))
            .collect()
    }

    #[test]
    fn requests_count_in_the_minute_and_the_hour_of_their_answer() {
        let clock = Hand::new();
        let traffic = Traffic::new(clock.clone());
        let tally = traffic.tally(worker(1));
        tally.count(false);
        tally.count(true);
        clock.advance(MINUTE);
        tally.count(false);
        assert_eq!(seen(&traffic, TrafficSpan::Hour), [(0, 1, 0), (1, 2, 1)]);
        assert_eq!(seen(&traffic, TrafficSpan::Day), [(0, 3, 1)]);
        clock.advance(HOUR);
        assert_eq!(seen(&traffic, TrafficSpan::Hour), []);
        assert_eq!(seen(&traffic, TrafficSpan::Day), [(1, 3, 1)]);
        clock.advance(6 * HOUR);
        assert_eq!(seen(&traffic, TrafficSpan::Week), [(1, 3, 1)]);
        let parts = traffic.of_worker(worker(1), TrafficSpan::Week).unwrap();
        assert_eq!(parts.len(), 28);
        assert!(
            parts
                .windows(2)
                .all(|two| two[1].begin.micros_since(two[0].begin) == 6 * HOUR)
        );
    }

    #[test]
    fn what_is_older_than_the_longest_span_makes_room_for_what_is_new() {
        let clock = Hand::new();
        let traffic = Traffic::new(clock.clone());
        let tally = traffic.tally(worker(1));
        // Twice round: every place is used again.
        for _ in 0..2 * 168 {
            tally.count(true);
            clock.advance(HOUR);
        }
        let parts = traffic.of_worker(worker(1), TrafficSpan::Week).unwrap();
        assert_eq!(parts.iter().map(|part| part.requests).sum::<u64>(), 164);
        clock.advance(168 * HOUR);
        for span in [TrafficSpan::Hour, TrafficSpan::Day, TrafficSpan::Week] {
            assert_eq!(seen(&traffic, span), []);
        }
    }

    #[test]
    fn a_clock_that_was_set_back_counts_on() {
        let clock = Hand::new();
        let traffic = Traffic::new(clock.clone());
        let tally = traffic.tally(worker(1));
        tally.count(false);
        clock.advance(-HOUR);
        tally.count(false);
        assert_eq!(seen(&traffic, TrafficSpan::Hour), [(0, 1, 0)]);
        clock.advance(-400 * 24 * HOUR * 365);
        assert_eq!(seen(&traffic, TrafficSpan::Week), []);
    }

    #[test]
    fn threads_lose_no_request_of_each_other() {
        let clock = Hand::new();
        let traffic = Traffic::new(clock.clone());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let tally = traffic.tally(worker(1));
                let clock = Arc::clone(&clock);
                scope.spawn(move || {
                    for number in 0..10_000 {
                        tally.count(number % 2 == 0);
                        // Many turns of the minute, while others count.
                        if number % 1000 == 0 {
                            clock.advance(MINUTE);
                        }
                    }
                });
            }
        });
        let parts = traffic.of_worker(worker(1), TrafficSpan::Hour).unwrap();
        assert_eq!(parts.iter().map(|part| part.requests).sum::<u64>(), 40_000);
        assert_eq!(parts.iter().map(|part| part.errors).sum::<u64>(), 20_000);
    }

    #[test]
    fn so_many_workers_are_counted_and_deleted_ones_make_room() {
        let clock = Hand::new();
        let traffic = Traffic::with_room(clock, 2);
        for number in 1..=3 {
            // Deployed, and not yet asked: it takes no room.
            traffic.tally(worker(number + 100));
            traffic.tally(worker(number)).count(false);
        }
        let requests = |number| {
            let parts = traffic.of_worker(worker(number), TrafficSpan::Hour)?;
            Some(parts.iter().map(|part| part.requests).sum::<u64>())
        };
        assert_eq!(
            (requests(1), requests(2), requests(3)),
            (Some(1), Some(1), None)
        );
        assert_eq!(requests(200), Some(0), "nobody asked it, nobody counts it");
        traffic.retain(|id| id != worker(1));
        traffic.tally(worker(3)).count(false);
        assert_eq!((requests(1), requests(3)), (Some(0), Some(1)));
    }
}
