//! When a Worker is run by the clock: five fields, as Cloudflare documents them for cron triggers.
//!
//! `minute hour day-of-month month day-of-week`, in UTC. Each is `*` or a list of values, ranges and steps.
//! Months and days of the week may be written by the first three letters of their English names. Days of the
//! week count from 1, which is Sunday, to 7, which is Saturday. A day of the month may also be `L` (the last),
//! `LW` (the last from Monday to Friday) or `15W` (the one from Monday to Friday that is nearest to the 15th);
//! a day of the week may be `6L` (the last Friday) or `6#2` (the second Friday). Where both days are told,
//! either is enough.

mod field;

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::Timestamp;
use crate::limits::MAX_CRON_CHARS;
use field::{Days, Weekdays};

/// A minute of time, in microseconds.
pub const MINUTE_MICROS: i64 = 60_000_000;
/// Days that are looked through for the first one of a schedule: two leap years are among them.
const DAYS_LOOKED_THROUGH: usize = 8 * 366;

/// When a Worker is run by the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: u64,
    hours: u64,
    days: Days,
    months: u64,
    weekdays: Weekdays,
}

/// A text that is no schedule. The message says what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCron {
    /// Longer than the bound.
    #[error("a schedule has at most {MAX_CRON_CHARS} characters")]
    TooLong,
    /// More or fewer fields.
    #[error(
        "a schedule has five fields, minute hour day-of-month month day-of-week, such as \"*/30 * * * *\"; this has {0}"
    )]
    Fields(usize),
    /// A field that says nothing, or what it may not say.
    #[error("the {field} is \"{text}\": it must be {rule}")]
    Field {
        /// Which.
        field: &'static str,
        /// What it is.
        text: String,
        /// What would be right.
        rule: &'static str,
    },
    /// One that the Worker has already.
    #[error("the schedule appears twice; name it once")]
    Repeated,
    /// A day that no calendar has.
    #[error("no month that it names has such a day, so it would never run")]
    NeverComes,
}

impl Cron {
    /// The schedule as its author wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the schedule names the minute that this moment is in.
    pub fn names(&self, moment: Timestamp) -> bool {
        let Ok(moment) = jiff::Timestamp::from_microsecond(moment.as_micros()) else {
            return false;
        };
        let local: DateTime = jiff::tz::Offset::UTC.to_datetime(moment);
        has(self.minutes, local.minute())
            && has(self.hours, local.hour())
            && self.has_day(local.date())
    }

    fn has_day(&self, date: Date) -> bool {
        if !has(self.months, date.month()) {
            return false;
        }
        match (self.days.is_every(), self.weekdays.is_every()) {
            (_, true) => self.days.has(date),
            (true, false) => self.weekdays.has(date),
            (false, false) => self.days.has(date) || self.weekdays.has(date),
        }
    }
}

impl FromStr for Cron {
    type Err = InvalidCron;

    fn from_str(text: &str) -> Result<Self, InvalidCron> {
        if text.chars().count() > MAX_CRON_CHARS {
            return Err(InvalidCron::TooLong);
        }
        let fields: Vec<_> = text.split_ascii_whitespace().collect();
        let &[minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(InvalidCron::Fields(fields.len()));
        };
        let cron = Self {
            text: text.trim().to_owned(),
            minutes: field::MINUTE.parse(minute)?,
            hours: field::HOUR.parse(hour)?,
            days: Days::parse(day)?,
            months: field::MONTH.parse(month)?,
            weekdays: Weekdays::parse(weekday)?,
        };
        // From a year that can be divided by 400, so that all that can come comes.
        let mut days = Date::constant(2000, 1, 1).series(jiff::Span::new().days(1));
        if days
            .by_ref()
            .take(DAYS_LOOKED_THROUGH)
            .any(|date| cron.has_day(date))
        {
            Ok(cron)
        } else {
            Err(InvalidCron::NeverComes)
        }
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Cron {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Cron {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Whether a set of numbers below 64 has this one.
fn has(set: u64, number: i8) -> bool {
    u32::try_from(number).is_ok_and(|number| set >> number & 1 == 1)
}

#[cfg(test)]
mod tests;
