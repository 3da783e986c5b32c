//! Requests of Workers that a test makes up.

use coffer_protocol::traffic::{TrafficPart, TrafficSource, TrafficSpan};
use coffer_types::{Timestamp, WorkerId};
use parking_lot::Mutex;

/// Figures of every Worker, whatever is asked for: what the test says.
pub(crate) struct FakeTraffic(Mutex<Option<Vec<TrafficPart>>>);

impl Default for FakeTraffic {
    fn default() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }
}

impl FakeTraffic {
    /// Says what there was: requests and errors of each minute; `None` for a Worker that is not counted.
    pub(crate) fn is(&self, parts: Option<&[(u64, u64)]>) {
        let part = |(minute, (requests, errors)): (usize, &(u64, u64))| TrafficPart {
            begin: Timestamp::from_micros(minute as i64 * 60_000_000),
            requests: *requests,
            errors: *errors,
        };
        *self.0.lock() = parts.map(|parts| parts.iter().enumerate().map(part).collect());
    }
}

impl TrafficSource for FakeTraffic {
    fn since(&self) -> Timestamp {
        Timestamp::from_micros(0)
    }

    fn of_worker(&self, _worker_id: WorkerId, _span: TrafficSpan) -> Option<Vec<TrafficPart>> {
        self.0.lock().clone()
    }
}
