//! Parameters that the audit log's operations share.

use std::collections::BTreeSet;

use coffer_engine::TimeRange;
use coffer_types::{Timestamp, limits};

use crate::api::error::ApiResult;
use crate::api::page::{Query, refused};

/// From when to when: both must be told.
pub(super) fn time_range(query: &Query) -> ApiResult<TimeRange> {
    let required = |name| {
        let found = moment(query, name)?;
        found.ok_or_else(|| refused(name, "is required: send a date, or a time as in RFC 3339"))
    };
    Ok(TimeRange {
        since: required("since")?,
        before: required("before")?,
    })
}

/// A date, which is its first moment in UTC, or a time as in RFC 3339.
pub(super) fn moment(query: &Query, name: &str) -> ApiResult<Option<Timestamp>> {
    let Some(text) = query.value(name) else {
        return Ok(None);
    };
    let parsed = if text.len() == "2026-01-31".len() {
        format!("{text}T00:00:00Z").parse()
    } else {
        text.parse()
    };
    let rule = "must be a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z";
    parsed.map(Some).map_err(|_| refused(name, rule))
}

/// How many events a page has at the most.
pub(super) fn limit(query: &Query) -> ApiResult<u32> {
    query.number(
        "limit",
        1..=limits::MAX_AUDIT_PAGE_SIZE,
        limits::DEFAULT_AUDIT_PAGE_SIZE,
    )
}

/// Whether a list has a parameter, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It is none of the list's.
    Never,
    /// At most once.
    Once,
    /// Each time adds a value.
    Repeatedly,
}

/// Refuses a parameter that the list does not have, is empty, or is there again: passed over, it would give more
/// than was asked for, or something else.
pub(super) fn check(query: &Query, known: impl Fn(&str) -> Known) -> ApiResult<()> {
    let mut seen = BTreeSet::new();
    for (name, value) in query.pairs() {
        match known(name) {
            Known::Never => return Err(refused(name, "is not a parameter of this list")),
            Known::Once if !seen.insert(name) => {
                return Err(refused(name, "must not be repeated: send one value"));
            }
            Known::Once | Known::Repeatedly => {}
        }
        if value.is_empty() {
            return Err(refused(
                name,
                "must not be empty: send a value, or leave it out",
            ));
        }
    }
    Ok(())
}
