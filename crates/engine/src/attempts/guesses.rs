//! A limit on guessing values by comparing them with what is sealed.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use coffer_types::limits::WRONG_COMPARISONS_PER_HOUR;
use coffer_types::{AccountId, Clock};
use parking_lot::Mutex;

use super::ledger::Ledger;
use super::rate::AttemptRate;
use crate::error::{Error, Result};

const RATE: AttemptRate = AttemptRate::per_hour(WRONG_COMPARISONS_PER_HOUR);

/// Counts, for each account, the values that were compared and found to be others. Memory is bounded as that of
/// [`Attempts`](super::Attempts) is.
pub(crate) struct Guesses {
    clock: Arc<dyn Clock>,
    hasher: RandomState,
    ledger: Mutex<Ledger>,
}

impl Guesses {
    /// None yet.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            hasher: RandomState::new(),
            ledger: Mutex::default(),
        }
    }

    /// To be asked before values are compared: all of them count as wrong until [`Guesses::were_right`] says
    /// otherwise, so questions that are asked at the same time find no more than others.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`], and none is counted.
    pub(crate) fn begin(&self, account_id: AccountId, count: u32) -> Result<()> {
        let subject = self.hasher.hash_one(account_id);
        let taken = self
            .ledger
            .lock()
            .take(subject, count, RATE, self.clock.now());
        taken.map_err(|wait_micros| {
            let seconds = (wait_micros + 999_999) / 1_000_000;
            Error::TooManyAttempts {
                retry_after_seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
            }
        })
    }

    /// Takes back those that taught nothing new: the value was right, or there was nothing to compare it with.
    pub(crate) fn were_right(&self, account_id: AccountId, count: u32) {
        let subject = self.hasher.hash_one(account_id);
        self.ledger.lock().give_back(subject, count, RATE);
    }
}

impl std::fmt::Debug for Guesses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guesses")
    }
}
