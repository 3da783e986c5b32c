//! Pages of an account's audit log, as the second version of the API gives them.

use coffer_protocol::audit::AuditLog;
use coffer_store::rows::audit_query::{
    ColumnValue, EventColumn, EventCondition, EventQuery, EventsOf,
};
use coffer_store::rows::{Direction, Slice};
use coffer_types::Timestamp;

use super::cursor::CursorScope;
use super::filter::{AuditFilter, conditions};
use super::view;
use crate::authorize::{Permit, ViewAudit};
use crate::engine::Engine;
use crate::error::{Error, Problem, Result};

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// From this moment on.
    pub since: Timestamp,
    /// Before this moment.
    pub before: Timestamp,
}

/// Which page of which events.
#[derive(Clone, Debug)]
pub struct AuditQuery {
    /// From when to when.
    pub range: TimeRange,
    /// What must hold besides.
    pub filters: Vec<AuditFilter>,
    /// A text that must be in what the event is about, in who did it, or in its details.
    pub text: Option<String>,
    /// Newest or oldest first.
    pub direction: Direction,
    /// Events on the page at the most.
    pub limit: u32,
    /// What the page before gave.
    pub cursor: Option<String>,
}

/// A page, and where the next one begins.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// The events.
    pub logs: Vec<AuditLog>,
    /// The next page's cursor; `None` on the last.
    pub next: Option<String>,
}

impl Engine {
    /// A page of an account's events. Pages that follow each other by their cursors have every event once that
    /// was in the log when the first was read, whatever is added meanwhile.
    ///
    /// # Errors
    /// [`Error::Invalid`] at the parameter for a range that ends before it begins, a value that a filter cannot
    /// have, or a cursor that is not this list's.
    pub async fn audit_logs(
        &self,
        permit: &Permit<ViewAudit>,
        query: AuditQuery,
    ) -> Result<AuditPage> {
        query.range.check()?;
        let mut filters = query.filters;
        filters.sort();
        let scope = filters
            .iter()
            .fold(CursorScope::default().with("events"), |scope, filter| {
                let scope = scope.with(filter.field.name());
                let scope = scope.with(if filter.negated { "not" } else { "" });
                let values = filter.values.iter();
                values
                    .fold(scope, |scope, value| scope.with(value))
                    .with("end of values")
            });
        let scope = match &query.text {
            Some(text) => scope.with("text").with(text),
            None => scope,
        };
        let asked = Asked {
            range: query.range,
            conditions: all_conditions(permit, &filters, query.text)?,
            direction: query.direction,
            limit: query.limit,
            cursor: query.cursor,
        };
        self.audit_page(permit, asked, scope).await
    }

    /// A page of events under these conditions, with cursors bound to this scope.
    pub(super) async fn audit_page(
        &self,
        permit: &Permit<ViewAudit>,
        asked: Asked,
        scope: CursorScope,
    ) -> Result<AuditPage> {
        let account_id = permit.account_id();
        let direction = match asked.direction {
            Direction::Ascending => "ascending",
            Direction::Descending => "descending",
        };
        let scope = scope
            .with(&account_id.to_string())
            .with(&asked.range.since.as_micros().to_string())
            .with(&asked.range.before.as_micros().to_string())
            .with(direction);
        let after = asked
            .cursor
            .map(|cursor| scope.position(&self.cursor_mac, &cursor))
            .transpose()?;
        let query = EventQuery {
            of: EventsOf::Account(account_id),
            since: Some(asked.range.since),
            before: Some(asked.range.before),
            conditions: asked.conditions,
            direction: asked.direction,
        };
        let slice = Slice {
            // One more tells whether there is a next page.
            limit: asked.limit.saturating_add(1),
            offset: 0,
        };
        let mut found = self.read_audit(&query, after, slice).await?;
        let limit = asked.limit as usize;
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| more).map(|event| event.position);
        let logs = found.into_iter();
        Ok(AuditPage {
            logs: logs
                .map(|stored| view::second_version(permit.account(), stored.event))
                .collect(),
            next: last.map(|position| scope.cursor(&self.cursor_mac, position)),
        })
    }
}

/// What must hold of a row.
pub(super) fn all_conditions(
    permit: &Permit<ViewAudit>,
    filters: &[AuditFilter],
    text: Option<String>,
) -> Result<Vec<EventCondition>> {
    let mut conditions = conditions(&permit.account().name, filters)?;
    conditions.extend(text.map(|text| EventCondition {
        column: EventColumn::Anywhere,
        values: vec![ColumnValue::Text(text)],
        negated: false,
    }));
    Ok(conditions)
}

/// A page that is asked for in terms of rows.
pub(super) struct Asked {
    pub(super) range: TimeRange,
    pub(super) conditions: Vec<EventCondition>,
    pub(super) direction: Direction,
    pub(super) limit: u32,
    pub(super) cursor: Option<String>,
}

impl TimeRange {
    pub(super) fn check(self) -> Result<()> {
        check_order(Some(self.since), Some(self.before))
    }
}

/// Refuses a range that begins after its end.
pub(super) fn check_order(since: Option<Timestamp>, before: Option<Timestamp>) -> Result<()> {
    match (since, before) {
        (Some(since), Some(before)) if since > before => {
            let rule = format!("since must not be after before: {since} is after {before}");
            Err(Error::invalid("since", Problem::Parameter(rule)))
        }
        _ => Ok(()),
    }
}
