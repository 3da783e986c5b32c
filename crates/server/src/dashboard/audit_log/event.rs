//! One event in full, and what else happened to the same thing.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use coffer_engine::{
    AuditField, AuditFilter, AuditQuery, Direction, Engine, HistoryQuery, Missing, Permit, Result,
    TimeRange, ViewAudit,
};
use coffer_protocol::audit::AuditLog;
use coffer_types::{AuditEventId, Timestamp};
use serde::Deserialize;

use super::details::{Field, fields, further};
use super::sentence::{Told, by_way_of};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::pager::query;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Visit, refused_in};

/// How far from the moment in the address the event is looked for.
const WINDOW_MICROS: i64 = 60 * 1_000_000;
/// How many events about the same thing are listed.
const HISTORY: u32 = 20;

#[derive(Template)]
#[template(path = "audit_log/event.html")]
struct EventPage {
    shell: Shell,
    told: Told,
    log: AuditLog,
    by_way_of: String,
    fields: Vec<Field>,
    has_before: bool,
    further: Vec<(String, String)>,
    history: Vec<Told>,
    whole_history: String,
    by_actor: String,
}

#[derive(Deserialize)]
pub(super) struct EventPath {
    event_id: String,
}

/// When it happened, in microseconds, which makes it quick to find.
#[derive(Deserialize)]
pub(super) struct Parameters {
    #[serde(default)]
    at: String,
}

/// Shows the event.
pub(super) async fn show(
    State(app): State<App>,
    Visit { permit, shell }: Visit<ViewAudit>,
    Path(EventPath { event_id }): Path<EventPath>,
    Query(Parameters { at }): Query<Parameters>,
) -> Response {
    let found = find(&app.engine, &permit, &event_id, at.parse().ok()).await;
    let found = match found {
        Ok(found) => found,
        Err(error) => return refused_in(shell, &error),
    };
    let place = shell.place("audit-log");
    let (log, history, names) = found;
    let request = &log.resource.request;
    let resource = log.resource.id.clone().unwrap_or_default();
    let actor = log.actor.email.as_ref().unwrap_or(&log.actor.id);
    let all = ("range", "all");
    respond(&EventPage {
        told: Told::of(&log, &names, &place),
        by_way_of: by_way_of(&log),
        fields: fields(request.get("before"), &log.resource.response),
        has_before: request.contains_key("before"),
        further: further(request),
        history: history
            .iter()
            .map(|one| Told::of(one, &names, &place))
            .collect(),
        whole_history: format!("{place}{}", query(&[("resource", &resource), all])),
        by_actor: format!("{place}{}", query(&[("actor", actor), all])),
        log,
        shell,
    })
}

type Found = (
    AuditLog,
    Vec<AuditLog>,
    std::collections::BTreeMap<String, String>,
);

async fn find(
    engine: &Engine,
    permit: &Permit<ViewAudit>,
    event_id: &str,
    at: Option<i64>,
) -> Result<Found> {
    let id: AuditEventId = event_id.parse().map_err(|_| Missing::AuditEvent)?;
    let everything = TimeRange {
        since: Timestamp::from_micros(0),
        before: engine.now().plus_micros(1),
    };
    let near = at.map(|at| TimeRange {
        since: Timestamp::from_micros(at).plus_micros(-WINDOW_MICROS),
        before: Timestamp::from_micros(at).plus_micros(WINDOW_MICROS),
    });
    let asked = AuditQuery {
        range: near.unwrap_or(everything),
        filters: vec![AuditFilter {
            field: AuditField::Id,
            negated: false,
            values: vec![id.to_string()],
        }],
        text: None,
        direction: Direction::Descending,
        limit: 1,
        cursor: None,
    };
    let found = engine.audit_logs(permit, asked).await?.logs;
    let log = found.into_iter().next().ok_or(Missing::AuditEvent)?;
    let asked = HistoryQuery {
        id,
        action_time: log.action.time,
        range: everything,
        direction: Direction::Descending,
        limit: HISTORY,
        cursor: None,
    };
    let history = engine.audit_history(permit, asked).await?;
    let history = history.map(|page| page.logs).unwrap_or_default();
    let mut names = engine
        .audit_names(permit, std::slice::from_ref(&log))
        .await?;
    names.extend(engine.audit_names(permit, &history).await?);
    Ok((log, history, names))
}
