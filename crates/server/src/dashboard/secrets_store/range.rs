//! The stretches of time over which reads of a secret are shown.

use coffer_engine::ReadsDivision;

use crate::dashboard::chart::{self, RangeLink};

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
    pub(super) fn links(self) -> [RangeLink; 3] {
        chart::links(RANGES.map(|(word, label, _)| (word, label)), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_none_names_the_usual_range() {
        assert_eq!(Range::named("month").division().parts, 30);
        assert_eq!(Range::named("<b>"), Range::named("week"));
        let links = Range::named("day").links();
        assert_eq!(links.iter().filter(|one| one.current).count(), 1);
    }
}
