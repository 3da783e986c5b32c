//! Numbers over time, as bars.

use coffer_types::Timestamp;

/// Units of a bar's place, and of the bar in it.
const PLACE: usize = 10;
const BAR: usize = 8;
/// Units of the highest bar.
const HEIGHT: u64 = 100;

/// A chart.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) width: usize,
    pub(super) bars: Vec<Bar>,
    /// The number of the highest bar.
    pub(super) most: u64,
    pub(super) total: u64,
    pub(super) first: Option<Timestamp>,
}

/// A part of the time with its number.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) x: usize,
    pub(super) y: u64,
    pub(super) width: usize,
    pub(super) height: u64,
    pub(super) begin: Timestamp,
    pub(super) count: u64,
}

/// A link to a stretch of time.
#[derive(Debug)]
pub(super) struct RangeLink {
    pub(super) word: &'static str,
    pub(super) label: &'static str,
    pub(super) current: bool,
}

impl Chart {
    /// Of parts of the same length, each with its beginning and its number.
    pub(super) fn of(parts: &[(Timestamp, u64)]) -> Self {
        let most = parts.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let bars = parts.iter().enumerate().map(|(index, (begin, count))| {
            // What happened at all is to be seen.
            let height = match count {
                0 => 0,
                _ => (count.saturating_mul(HEIGHT) / most.max(1)).clamp(2, HEIGHT),
            };
            Bar {
                x: index * PLACE + (PLACE - BAR) / 2,
                y: HEIGHT - height,
                width: BAR,
                height,
                begin: *begin,
                count: *count,
            }
        });
        Self {
            width: parts.len() * PLACE,
            bars: bars.collect(),
            most,
            total: parts.iter().map(|(_, count)| count).sum(),
            first: parts.first().map(|(begin, _)| *begin),
        }
    }

    /// The parts in which something happened.
    pub(super) fn with_counts(&self) -> impl Iterator<Item = &Bar> {
        self.bars.iter().filter(|bar| bar.count > 0)
    }
}

/// The links to stretches of time, each with its word in the address and its label, of which one is shown.
pub(super) fn links<const N: usize>(
    ranges: [(&'static str, &'static str); N],
    current: usize,
) -> [RangeLink; N] {
    let mut index = 0;
    ranges.map(|(word, label)| {
        index += 1;
        RangeLink {
            word,
            label,
            current: index - 1 == current,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_numbers() {
        let part = |count| (Timestamp::from_micros(0), count);
        let chart = Chart::of(&[part(0), part(1), part(1000), part(500)]);
        let heights: Vec<u64> = chart.bars.iter().map(|bar| bar.height).collect();
        assert_eq!(heights, [0, 2, 100, 50]);
        assert!(chart.bars.iter().all(|bar| bar.y + bar.height == HEIGHT));
        assert_eq!((chart.most, chart.total, chart.width), (1000, 1501, 40));
        assert_eq!(chart.with_counts().count(), 3);
        let huge = Chart::of(&[part(u64::MAX / 2), part(0)]);
        assert_eq!(huge.bars[0].height, HEIGHT.min(huge.bars[0].height));
        assert_eq!(Chart::of(&[part(0)]).bars[0].height, 0);
    }
}
