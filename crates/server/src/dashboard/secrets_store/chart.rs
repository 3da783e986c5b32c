//! Reads of a secret over time, as bars.

use coffer_engine::{ReadsDivision, ReadsPart};
use coffer_types::Timestamp;

/// Units of a bar's place, and of the bar in it.
const PLACE: usize = 10;
const BAR: usize = 8;
/// Units of the highest bar.
const HEIGHT: u64 = 100;

/// The stretches of time to choose from: the word in the address, its label, and how it is divided.
const RANGES: [(&str, &str, ReadsDivision); 3] = [
    (
        "day",
        "24 hours",
        ReadsDivision {
            hours: 1,
            parts: 24,
        },
    ),
    (
        "week",
        "7 days",
        ReadsDivision {
            hours: 6,
            parts: 28,
        },
    ),
    (
        "month",
        "30 days",
        ReadsDivision {
            hours: 24,
            parts: 30,
        },
    ),
];
/// The place in [`RANGES`] of the one that is shown without a choice.
const DEFAULT_RANGE: usize = 1;

/// One of the stretches of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range(usize);

/// A link to a stretch of time.
#[derive(Debug)]
pub(super) struct RangeLink {
    pub(super) word: &'static str,
    pub(super) label: &'static str,
    pub(super) current: bool,
}

/// A chart.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) width: usize,
    pub(super) bars: Vec<Bar>,
    /// The most reads of one part.
    pub(super) most: u64,
    pub(super) total: u64,
    pub(super) first: Option<Timestamp>,
}

/// A part of the time with its reads.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) x: usize,
    pub(super) y: u64,
    pub(super) width: usize,
    pub(super) height: u64,
    pub(super) begin: Timestamp,
    pub(super) reads: u64,
}

impl Range {
    /// The one with this word in an address.
    pub(super) fn named(word: &str) -> Self {
        let found = RANGES.iter().position(|(other, ..)| *other == word);
        Self(found.unwrap_or(DEFAULT_RANGE))
    }

    pub(super) const fn division(self) -> ReadsDivision {
        RANGES[self.0].2
    }

    pub(super) const fn label(self) -> &'static str {
        RANGES[self.0].1
    }

    /// All of them, this one marked.
    pub(super) fn links(self) -> Vec<RangeLink> {
        let links = RANGES.iter().enumerate();
        links
            .map(|(index, (word, label, _))| RangeLink {
                word,
                label,
                current: index == self.0,
            })
            .collect()
    }
}

impl Chart {
    pub(super) fn of(parts: &[ReadsPart]) -> Self {
        let most = parts.iter().map(|part| part.reads).max().unwrap_or(0);
        let bars = parts.iter().enumerate().map(|(index, part)| {
            // What was read at all is to be seen.
            let height = match part.reads {
                0 => 0,
                reads => (reads.saturating_mul(HEIGHT) / most.max(1)).clamp(2, HEIGHT),
            };
            Bar {
                x: index * PLACE + (PLACE - BAR) / 2,
                y: HEIGHT - height,
                width: BAR,
                height,
                begin: part.begin,
                reads: part.reads,
            }
        });
        Self {
            width: parts.len() * PLACE,
            bars: bars.collect(),
            most,
            total: parts.iter().map(|part| part.reads).sum(),
            first: parts.first().map(|part| part.begin),
        }
    }

    /// The parts with reads.
    pub(super) fn with_reads(&self) -> impl Iterator<Item = &Bar> {
        self.bars.iter().filter(|bar| bar.reads > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_reads() {
        let part = |reads| ReadsPart {
            begin: Timestamp::from_micros(0),
            reads,
        };
        let chart = Chart::of(&[part(0), part(1), part(1000), part(500)]);
        let heights: Vec<u64> = chart.bars.iter().map(|bar| bar.height).collect();
        assert_eq!(heights, [0, 2, 100, 50]);
        assert!(chart.bars.iter().all(|bar| bar.y + bar.height == HEIGHT));
        assert_eq!((chart.most, chart.total, chart.width), (1000, 1501, 40));
        assert_eq!(chart.with_reads().count(), 3);
        let huge = Chart::of(&[part(u64::MAX / 2), part(0)]);
        assert_eq!(huge.bars[0].height, HEIGHT.min(huge.bars[0].height));
        assert_eq!(Chart::of(&[part(0)]).bars[0].height, 0);
    }

    #[test]
    fn a_word_that_is_none_names_the_usual_range() {
        assert_eq!(Range::named("month").division().parts, 30);
        assert_eq!(Range::named("<b>"), Range::named("week"));
        assert_eq!(
            Range::named("day")
                .links()
                .iter()
                .filter(|one| one.current)
                .count(),
            1
        );
    }
}
