//! Reads of a secret over time.

use coffer_store::rows::{secret_read_hours, secrets};
use coffer_types::{SecretId, Timestamp};

use crate::authorize::{Permit, ViewSecrets};
use crate::engine::Engine;
use crate::error::{Missing, Result};

const MICROS_PER_HOUR: i64 = 3600 * 1_000_000;

/// How a stretch of time that ends now is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadsDivision {
    /// Hours of each part, at least 1. Parts begin at multiples of them since 1970, in UTC.
    pub hours: u16,
    /// How many parts, the present one last. Together at most the 31 days that are kept.
    pub parts: u16,
}

/// The reads of one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadsPart {
    /// When the part begins.
    pub begin: Timestamp,
    /// The reads in it.
    pub reads: u64,
}

impl Engine {
    /// A secret's reads in each part of a stretch of time, the earliest first. Edges tell of reads after a moment,
    /// several at once, which count where the last of them was.
    ///
    /// # Errors
    /// [`Missing::Secret`].
    pub async fn secret_reads(
        &self,
        permit: &Permit<ViewSecrets>,
        id: SecretId,
        division: ReadsDivision,
    ) -> Result<Vec<ReadsPart>> {
        let mut reader = self.store.reader().await?;
        secrets::find(&mut reader, id)
            .await?
            .filter(|secret| secret.account_id == permit.account_id())
            .ok_or(Missing::Secret)?;
        let hours = i64::from(division.hours.max(1));
        let last = hour_of(self.clock.now()).div_euclid(hours);
        let first = last.saturating_sub(i64::from(division.parts)) + 1;
        let counted = secret_read_hours::since(&mut reader, id, first * hours).await?;
        let part = |number: i64| {
            let of_part = counted
                .iter()
                .filter(|(hour, _)| hour.div_euclid(hours) == number);
            ReadsPart {
                begin: Timestamp::from_micros(number * hours * MICROS_PER_HOUR),
                reads: of_part.map(|(_, reads)| reads).sum(),
            }
        };
        Ok((first..=last).map(part).collect())
    }
}

/// The hour since 1970 that a moment is in.
pub(super) fn hour_of(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(MICROS_PER_HOUR)
}
