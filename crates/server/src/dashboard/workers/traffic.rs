//! A Worker's requests and errors over the last while, as charts.

use coffer_protocol::traffic::{TrafficPart, TrafficSpan};
use coffer_types::{Timestamp, WorkerId};

use crate::app::App;
use crate::dashboard::chart::{self, Chart, RangeLink};

/// The stretches of time to choose from: the word in the address, its label, and how it is divided.
const RANGES: [(&str, &str, TrafficSpan); 3] = [
    ("hour", "1 hour", TrafficSpan::Hour),
    ("day", "24 hours", TrafficSpan::Day),
    ("week", "7 days", TrafficSpan::Week),
];
/// The place in [`RANGES`] of the one that is shown without a choice.
const DEFAULT_RANGE: usize = 1;

/// What the charts tell.
#[derive(Debug)]
pub(super) struct TrafficCharts {
    pub(super) links: [RangeLink; 3],
    /// The stretch of time in words.
    pub(super) label: &'static str,
    /// Since when requests are counted.
    pub(super) since: Timestamp,
    /// `None` if there are so many Workers that this one is not counted.
    pub(super) counted: Option<Counted>,
}

/// A Worker's figures.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) requests: Chart,
    pub(super) errors: Chart,
    /// Both for each part that has any.
    pub(super) parts: Vec<TrafficPart>,
}

impl TrafficCharts {
    /// Those of a Worker, over the stretch of time with this word in an address.
    pub(super) fn of(app: &App, worker_id: WorkerId, word: &str) -> Self {
        let found = RANGES.iter().position(|(other, ..)| *other == word);
        let chosen = found.unwrap_or(DEFAULT_RANGE);
        let (_, label, span) = RANGES[chosen];
        let parts = app.traffic.of_worker(worker_id, span);
        Self {
            links: chart::links(RANGES.map(|(word, label, _)| (word, label)), chosen),
            label,
            since: app.traffic.since(),
            counted: parts.map(|parts| Counted::of(&parts)),
        }
    }
}

impl Counted {
    fn of(parts: &[TrafficPart]) -> Self {
        let chart = |count: fn(&TrafficPart) -> u64| {
            let counted = parts.iter().map(|part| (part.begin, count(part)));
            Chart::of(&counted.collect::<Vec<_>>())
        };
        let with_requests = parts.iter().filter(|part| part.requests > 0);
        Self {
            requests: chart(|part| part.requests),
            errors: chart(|part| part.errors),
            parts: with_requests.copied().collect(),
        }
    }

    /// The errors' share of the requests, such as `0.5%`.
    pub(super) fn error_rate(&self) -> String {
        #[allow(
            clippy::cast_precision_loss,
            reason = "told to two digits after the point"
        )]
        let rate = self.errors.total as f64 / self.requests.total.max(1) as f64;
        let hundredths = (rate * 10_000.0).round() / 100.0;
        match self.errors.total {
            0 => "0%".to_owned(),
            _ if hundredths < 0.01 => "less than 0.01%".to_owned(),
            _ => format!("{hundredths}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_as_a_share() {
        let rate = |requests, errors| {
            let begin = Timestamp::from_micros(0);
            let part = TrafficPart {
                begin,
                requests,
                errors,
            };
            Counted::of(&[part]).error_rate()
        };
        for (requests, errors, told) in [
            (0, 0, "0%"),
            (10, 0, "0%"),
            (3, 1, "33.33%"),
            (1000, 5, "0.5%"),
            (1_000_000, 1, "less than 0.01%"),
            (7, 7, "100%"),
        ] {
            assert_eq!(rate(requests, errors), told);
        }
    }
}
