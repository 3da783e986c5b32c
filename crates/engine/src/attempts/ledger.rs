//! A bounded table of moments that drops the earliest.

use std::collections::{BTreeSet, HashMap};

use coffer_types::Timestamp;
use coffer_types::limits::MAX_ATTEMPT_RECORDS;

use super::rate::AttemptRate;

/// For each subject the moment at which all its failures are forgotten. This one number is a whole token
/// bucket: every failure moves it later by the time in which one is forgotten, and the limit is reached when
/// it could move no further without being later than a full window from now. All subjects of a table have
/// the same rate, so the earliest moment is that of the subject furthest from its limit.
#[derive(Default)]
pub(super) struct Ledger {
    moments: HashMap<u64, Timestamp>,
    order: BTreeSet<(Timestamp, u64)>,
}

impl Ledger {
    /// How many microseconds the limit is reached for yet; `None` if it is not.
    pub(super) fn wait(&self, subject: u64, rate: AttemptRate, now: Timestamp) -> Option<i64> {
        let moment = self.moment(subject)?;
        let latest = now.plus_micros(rate.window_micros());
        // Later than any failure puts it: the clock was set back, and nothing can be said.
        if moment > latest {
            return None;
        }
        let next = moment.max(now).plus_micros(rate.micros_each());
        (next > latest).then(|| next.micros_since(latest))
    }

    /// Counts a failure.
    pub(super) fn count(&mut self, subject: u64, rate: AttemptRate, now: Timestamp) {
        let latest = now.plus_micros(rate.window_micros());
        let moment = self.moment(subject).filter(|moment| *moment <= latest);
        let moment = moment.map_or(now, |moment| moment.max(now));
        self.set(subject, moment.plus_micros(rate.micros_each()));
    }

    /// Counts so many at once, or none of them if that is more than is left: then it says for how many microseconds.
    pub(super) fn take(
        &mut self,
        subject: u64,
        count: u32,
        rate: AttemptRate,
        now: Timestamp,
    ) -> Result<(), i64> {
        let latest = now.plus_micros(rate.window_micros());
        let moment = self.moment(subject).filter(|moment| *moment <= latest);
        let moment = moment.map_or(now, |moment| moment.max(now));
        let next = moment.plus_micros(i64::from(count) * rate.micros_each());
        if next > latest {
            return Err(next.micros_since(latest));
        }
        self.set(subject, next);
        Ok(())
    }

    /// Forgets so many of those that were counted.
    pub(super) fn give_back(&mut self, subject: u64, count: u32, rate: AttemptRate) {
        if let Some(moment) = self.moment(subject) {
            let earlier = moment.plus_micros(-i64::from(count) * rate.micros_each());
            self.set(subject, earlier);
        }
    }

    /// The moment of a subject.
    pub(super) fn moment(&self, subject: u64) -> Option<Timestamp> {
        self.moments.get(&subject).copied()
    }

    /// Sets the moment of a subject; in a full table, in place of the earliest.
    pub(super) fn set(&mut self, subject: u64, moment: Timestamp) {
        match self.moments.insert(subject, moment) {
            Some(before) => {
                self.order.remove(&(before, subject));
            }
            None if self.order.len() >= MAX_ATTEMPT_RECORDS => {
                if let Some((_, earliest)) = self.order.pop_first() {
                    self.moments.remove(&earliest);
                }
            }
            None => {}
        }
        self.order.insert((moment, subject));
    }

    /// Subjects in the table, those that are forgotten but not dropped yet included.
    pub(super) fn len(&self) -> usize {
        self.moments.len()
    }
}
