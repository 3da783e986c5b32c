//! What a check found.

use serde::Serialize;

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// As it should be.
    Ok,
    /// Coffer works, but something is worth looking at.
    Warn,
    /// Coffer does not work, or is not safe.
    Fail,
}

/// What a check found, and what to do about it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    /// What was looked at.
    pub(crate) check: &'static str,
    /// How it is.
    pub(crate) outcome: Outcome,
    /// What was found, in words.
    pub(crate) found: String,
    /// What to do; `null` where nothing is to be done.
    pub(crate) advice: Option<String>,
}

impl Finding {
    pub(crate) fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self {
            check,
            outcome: Outcome::Ok,
            found: found.into(),
            advice: None,
        }
    }

    pub(crate) fn warn(
        check: &'static str,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            outcome: Outcome::Warn,
            advice: Some(advice.into()),
            ..Self::ok(check, found)
        }
    }

    pub(crate) fn fail(
        check: &'static str,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            outcome: Outcome::Fail,
            advice: Some(advice.into()),
            ..Self::ok(check, found)
        }
    }
}
