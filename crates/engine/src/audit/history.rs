//! What happened to the thing that an event is about.

use coffer_store::rows::audit_query::{
    ColumnValue, EventColumn, EventCondition, EventQuery, EventsOf,
};
use coffer_store::rows::{Direction, Slice};
use coffer_types::{AuditEventId, Timestamp};

use super::cursor::CursorScope;
use super::list::{Asked, AuditPage, TimeRange};
use crate::authorize::{Permit, ViewAudit};
use crate::engine::Engine;
use crate::error::{Missing, Result};

/// How far an event may be from the time that a client says it has: clients cut its fraction of a second off.
const WINDOW_MICROS: i64 = 60 * 1_000_000;

/// Which page of which event's history.
#[derive(Clone, Debug)]
pub struct HistoryQuery {
    /// The event.
    pub id: AuditEventId,
    /// When it happened, within a minute.
    pub action_time: Timestamp,
    /// From when to when.
    pub range: TimeRange,
    /// Newest or oldest first.
    pub direction: Direction,
    /// Events on the page at the most.
    pub limit: u32,
    /// What the page before gave.
    pub cursor: Option<String>,
}

impl Engine {
    /// A page of the events about the same thing as an event; `None` if that event is about nothing that has an
    /// id, as a refused creation.
    ///
    /// # Errors
    /// [`Missing::AuditEvent`] if the account has no such event at that time; [`crate::Error::Invalid`] as for
    /// [`Engine::audit_logs`].
    pub async fn audit_history(
        &self,
        permit: &Permit<ViewAudit>,
        query: HistoryQuery,
    ) -> Result<Option<AuditPage>> {
        query.range.check()?;
        let id = query.id.to_string();
        let is = |column, value: &str| EventCondition {
            column,
            values: vec![ColumnValue::Text(value.to_owned())],
            negated: false,
        };
        let source = EventQuery {
            of: EventsOf::Account(permit.account_id()),
            since: Some(query.action_time.plus_micros(-WINDOW_MICROS)),
            before: Some(query.action_time.plus_micros(WINDOW_MICROS)),
            conditions: vec![is(EventColumn::Id, &id)],
            direction: query.direction,
        };
        let one = Slice {
            limit: 1,
            offset: 0,
        };
        let found = self.read_audit(&source, None, one).await?;
        let source = found.into_iter().next().ok_or(Missing::AuditEvent)?.event;
        if source.resource_id.is_empty() {
            return Ok(None);
        }
        let asked = Asked {
            range: query.range,
            conditions: vec![
                is(EventColumn::ResourceId, &source.resource_id),
                is(EventColumn::ResourceKind, source.resource_kind.as_str()),
            ],
            direction: query.direction,
            limit: query.limit,
            cursor: query.cursor,
        };
        let scope = CursorScope::default().with("history").with(&id);
        self.audit_page(permit, asked, scope).await.map(Some)
    }
}
