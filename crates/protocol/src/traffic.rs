//! How many requests Workers had, and how many of those failed, over the last while.

use coffer_types::{Timestamp, WorkerId};

/// Where the figures are asked for. An edge in the same process implements it.
pub trait TrafficSource: Send + Sync {
    /// When counting began: nothing is known of what was before.
    fn since(&self) -> Timestamp;

    /// The requests of a Worker in each part of the time that ends now, the earliest first. `None` if there are so
    /// many Workers that this one is not counted.
    fn of_worker(&self, worker_id: WorkerId, span: TrafficSpan) -> Option<Vec<TrafficPart>>;
}

/// A stretch of time that ends now, and how it is divided. Parts begin at multiples of their length since 1970, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrafficSpan {
    /// An hour, by the minute.
    Hour,
    /// 24 hours, by the hour.
    Day,
    /// 7 days, by 6 hours.
    Week,
}

/// One part of a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrafficPart {
    /// When it begins.
    pub begin: Timestamp,
    /// The requests that were answered in it.
    pub requests: u64,
    /// Those of them that were answered with a status of 500 or above, by the Worker or in its place.
    pub errors: u64,
}
