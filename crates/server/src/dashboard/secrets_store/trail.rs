//! What the audit log tells of a secret, in words.

use coffer_engine::{
    AuditField, AuditFilter, AuditPage, AuditQuery, Direction, Engine, Permit, Result, TimeRange,
    ViewAudit,
};
use coffer_protocol::audit::AuditLog;
use coffer_types::{SecretId, Timestamp};
use serde_json::Value;

/// Events that a secret's page shows.
const EVENTS_SHOWN: u32 = 20;

/// An event as a line of the trail.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) at: Timestamp,
    pub(super) icon: &'static str,
    pub(super) text: String,
    pub(super) who: String,
}

/// The last change of a secret.
#[derive(Debug)]
pub(super) struct LastEdit {
    pub(super) who: String,
    pub(super) value_replaced: bool,
}

/// The secret's newest events.
pub(super) async fn trail(
    engine: &Engine,
    permit: &Permit<ViewAudit>,
    id: SecretId,
) -> Result<Vec<Line>> {
    let page = events(engine, permit, id, None, EVENTS_SHOWN).await?;
    Ok(page.logs.iter().map(line).collect())
}

/// Who changed the secret last; `None` if the log does not tell.
pub(super) async fn last_edit(
    engine: &Engine,
    permit: &Permit<ViewAudit>,
    id: SecretId,
) -> Option<LastEdit> {
    let page = events(engine, permit, id, Some("update"), 1).await.ok()?;
    page.logs.first().map(|log| LastEdit {
        who: who(log),
        value_replaced: is_set(log, "value_modified"),
    })
}

async fn events(
    engine: &Engine,
    permit: &Permit<ViewAudit>,
    id: SecretId,
    action: Option<&str>,
    limit: u32,
) -> Result<AuditPage> {
    let is = |field, value: String| AuditFilter {
        field,
        negated: false,
        values: vec![value],
    };
    let mut filters = vec![
        is(AuditField::ResourceId, id.to_string()),
        is(AuditField::ResourceType, "secret".to_owned()),
        is(AuditField::ActionResult, "success".to_owned()),
    ];
    filters.extend(action.map(|action| is(AuditField::ActionType, action.to_owned())));
    let query = AuditQuery {
        range: TimeRange {
            since: Timestamp::from_micros(0),
            before: Timestamp::from_micros(i64::MAX),
        },
        filters,
        text: None,
        direction: Direction::Descending,
        limit,
        cursor: None,
    };
    engine.audit_logs(permit, query).await
}

fn line(log: &AuditLog) -> Line {
    let (icon, text) = match log.action.kind {
        "view" => ("eye", reads(log)),
        "create" if log.resource.request.contains_key("duplicated_from_id") => {
            ("files", "Duplicated from another secret".to_owned())
        }
        "create" => ("plus", "Created".to_owned()),
        "update" => ("pencil", changes(log)),
        _ => ("trash-2", "Deleted".to_owned()),
    };
    Line {
        at: log.action.time,
        icon,
        text,
        who: who(log),
    }
}

/// A Worker may read a secret many times before its edge tells of it.
fn reads(log: &AuditLog) -> String {
    match log.resource.request.get("reads").and_then(Value::as_u64) {
        Some(reads) if reads > 1 => format!("Read {reads} times"),
        _ => "Read".to_owned(),
    }
}

/// What an edit changed.
fn changes(log: &AuditLog) -> String {
    let before = log.resource.request.get("before");
    let is_changed = |field: &str| {
        before.and_then(|before| before.get(field)) != log.resource.response.get(field)
    };
    let mut changed = Vec::new();
    if is_set(log, "value_modified") {
        changed.push("value replaced");
    }
    if is_changed("scopes") {
        changed.push("scope changed");
    }
    if is_changed("comment") {
        changed.push("comment changed");
    }
    if changed.is_empty() {
        "Saved without a change".to_owned()
    } else {
        let mut text = changed.join(", ");
        if let Some(first) = text.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        text
    }
}

fn is_set(log: &AuditLog, field: &str) -> bool {
    log.resource.request.get(field).and_then(Value::as_bool) == Some(true)
}

fn who(log: &AuditLog) -> String {
    let actor = &log.actor;
    match (&actor.email, &actor.token_name) {
        (Some(email), _) => email.clone(),
        (None, Some(token)) => format!("token {token}"),
        (None, None) if actor.kind == "system" => "a Worker".to_owned(),
        (None, None) => actor.id.clone(),
    }
}
