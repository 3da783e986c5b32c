//! How many in which time, as in `20/min`.

use std::fmt;
use std::str::FromStr;

/// The most that a rate may let by: so many that nobody is ever limited.
const MAX_ATTEMPTS: u32 = 1_000_000;

/// A number of failures that is let by at once, and the time in which as many are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptRate {
    attempts: u32,
    window: Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    Minute,
    Hour,
    Day,
}

/// A text that is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rate is 1 to {MAX_ATTEMPTS} attempts per min, hour or day, such as 20/min")]
pub struct InvalidRate;

impl AttemptRate {
    pub(crate) const fn per_minute(attempts: u32) -> Self {
        Self {
            attempts,
            window: Window::Minute,
        }
    }

    pub(crate) const fn per_hour(attempts: u32) -> Self {
        Self {
            attempts,
            window: Window::Hour,
        }
    }

    /// How many failures are let by at once.
    pub const fn attempts(self) -> u32 {
        self.attempts
    }

    /// The time in which as many are forgotten.
    pub const fn window_seconds(self) -> u32 {
        match self.window {
            Window::Minute => 60,
            Window::Hour => 3600,
            Window::Day => 24 * 3600,
        }
    }

    pub(super) const fn window_micros(self) -> i64 {
        self.window_seconds() as i64 * 1_000_000
    }

    /// The time in which one is forgotten: at least 60 µs.
    pub(super) const fn micros_each(self) -> i64 {
        self.window_micros() / self.attempts as i64
    }
}

impl FromStr for AttemptRate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let (attempts, window) = text.split_once('/').ok_or(InvalidRate)?;
        let attempts = attempts.trim().parse().map_err(|_| InvalidRate)?;
        let window = match window.trim() {
            "min" => Window::Minute,
            "hour" => Window::Hour,
            "day" => Window::Day,
            _ => return Err(InvalidRate),
        };
        if (1..=MAX_ATTEMPTS).contains(&attempts) {
            Ok(Self { attempts, window })
        } else {
            Err(InvalidRate)
        }
    }
}

impl fmt::Display for AttemptRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let window = match self.window {
            Window::Minute => "min",
            Window::Hour => "hour",
            Window::Day => "day",
        };
        write!(f, "{}/{window}", self.attempts)
    }
}

impl<'de> serde::Deserialize<'de> for AttemptRate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
