//! All that a filtered list has, some at a time, for files.

use std::sync::Arc;

use coffer_protocol::audit::{AuditLog, AuditLogV1};
use coffer_store::rows::Slice;
use coffer_store::rows::accounts::AccountRow;
use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::audit_query::{EventQuery, EventsOf};
use futures::Stream;

use super::list::{AuditQuery, all_conditions};
use super::view;
use crate::authorize::{Permit, ViewAudit};
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Events that are in memory at once.
const BATCH: u32 = 1000;

impl Engine {
    /// All events of a list as the second version of the API tells them. The list's limit and cursor do not count.
    ///
    /// # Errors
    /// As for [`Engine::audit_logs`], before anything is read.
    pub fn found_audit_logs(
        &self,
        permit: &Permit<ViewAudit>,
        query: AuditQuery,
    ) -> Result<impl Stream<Item = Result<Vec<AuditLog>>> + Send + use<>> {
        self.found(permit, query, view::second_version)
    }

    /// All events of a list as the first version of the API tells them.
    ///
    /// # Errors
    /// As for [`Engine::audit_logs`], before anything is read.
    pub fn found_audit_logs_v1(
        &self,
        permit: &Permit<ViewAudit>,
        query: AuditQuery,
    ) -> Result<impl Stream<Item = Result<Vec<AuditLogV1>>> + Send + use<>> {
        self.found(permit, query, |_, event| view::first_version(event))
    }

    fn found<T: Send + 'static>(
        &self,
        permit: &Permit<ViewAudit>,
        query: AuditQuery,
        tell: fn(&AccountRow, NewEvent) -> T,
    ) -> Result<impl Stream<Item = Result<Vec<T>>> + Send + use<T>> {
        query.range.check()?;
        // What comes later is left out, so that the file of a busy log ends.
        let now = self.clock.now().plus_micros(1);
        let rows = EventQuery {
            of: EventsOf::Account(permit.account_id()),
            since: Some(query.range.since),
            before: Some(query.range.before.min(now)),
            conditions: all_conditions(permit, &query.filters, query.text)?,
            direction: query.direction,
        };
        let account = Arc::clone(&permit.account);
        let start = (self.clone(), account, rows, Some(None));
        Ok(futures::stream::try_unfold(
            start,
            move |(engine, account, rows, place)| async move {
                let Some(after) = place else { return Ok(None) };
                let slice = Slice {
                    limit: BATCH,
                    offset: 0,
                };
                let found = engine.read_audit(&rows, after, slice).await?;
                let is_whole = found.len() == BATCH as usize;
                let last = found.last().filter(|_| is_whole);
                let place = last.map(|stored| Some(stored.position));
                let told = found.into_iter().map(|stored| tell(&account, stored.event));
                let told: Vec<T> = told.collect();
                Ok::<_, Error>(Some((told, (engine, account, rows, place))))
            },
        ))
    }
}
