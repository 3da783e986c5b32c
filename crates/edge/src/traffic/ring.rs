//! Counts of the last parts of time, each in the place of the one that is as many parts older.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bits of a count: so many requests come in a part at 300 million a second for an hour. The others name the part.
const COUNT_BITS: u32 = 40;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

/// Counts of the last `PARTS` parts of time. Part and count share one word, so that no count is lost where one part
/// follows another.
#[derive(Debug)]
pub(super) struct Ring<const PARTS: usize>([AtomicU64; PARTS]);

impl<const PARTS: usize> Ring<PARTS> {
    pub(super) const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; PARTS])
    }

    /// Counts one in a part of this number.
    pub(super) fn add(&self, part: u64) {
        let word = self.place(part);
        let mut found = word.load(Ordering::Relaxed);
        while name_of(found) != named(part) {
            let first = named(part) | 1;
            match word.compare_exchange_weak(found, first, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => found = other,
            }
        }
        word.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were in a part of this number.
    pub(super) fn count(&self, part: u64) -> u64 {
        let found = self.place(part).load(Ordering::Relaxed);
        if name_of(found) == named(part) {
            found & COUNT_MASK
        } else {
            0
        }
    }

    fn place(&self, part: u64) -> &AtomicU64 {
        // Below the length, so the cast is exact and the place is there.
        #[allow(
            clippy::cast_possible_truncation,
            reason = "below the length of the ring"
        )]
        let place = (part % PARTS as u64) as usize;
        &self.0[place]
    }
}

/// A part's name in a word: its number without the highest bits, which last for thirty years of minutes.
const fn named(part: u64) -> u64 {
    part << COUNT_BITS
}

const fn name_of(word: u64) -> u64 {
    word & !COUNT_MASK
}
