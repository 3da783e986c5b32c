//! The audit log. It is only ever added to, in the transaction of what it tells.

use coffer_types::audit::{Action, ActorContext, ActorKind, Outcome, ResourceKind};
use coffer_types::{AccountId, AuditEventId, Email, RequestId, Timestamp, TokenId};

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::log::line::{self, Columns};
use crate::rows::{from_json, parsed, to_json, unsigned};

/// An event to be added.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The event.
    pub id: AuditEventId,
    /// The account it happened in; `None` for what belongs to no account.
    pub account_id: Option<AccountId>,
    /// When.
    pub at: Timestamp,
    /// What was done, or tried.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// To what kind of thing.
    pub resource_kind: ResourceKind,
    /// To which one.
    pub resource_id: String,
    /// By whom.
    pub actor: EventActor,
    /// In which request.
    pub request: EventRequest,
    /// Metadata before and after, and what the action adds. Never a value.
    pub details: serde_json::Value,
}

/// Who did it.
#[derive(Clone, Debug)]
pub struct EventActor {
    /// The user's, account's or edge's id.
    pub id: String,
    /// The user's address.
    pub email: Option<Email>,
    /// By which door.
    pub context: ActorContext,
    /// From where.
    pub ip: Option<String>,
    /// What kind of actor.
    pub kind: ActorKind,
    /// With which token.
    pub token: Option<EventToken>,
}

/// The token of an actor.
#[derive(Clone, Debug)]
pub struct EventToken {
    /// The token.
    pub id: TokenId,
    /// What its owner called it then.
    pub name: String,
}

/// The request of an event.
#[derive(Clone, Debug)]
pub struct EventRequest {
    /// The request.
    pub id: RequestId,
    /// How it came; `None` for what no request from outside did.
    pub raw: Option<RawRequest>,
}

/// How a request came in, and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRequest {
    /// Its method.
    pub method: String,
    /// Its path, without the query.
    pub path: String,
    /// The client's name of itself, at most 256 characters of it.
    pub user_agent: String,
    /// The status of its answer.
    pub status: u16,
}

impl EventActor {
    /// The operator, by a command on the data directory.
    pub fn operator() -> Self {
        Self {
            id: "operator".to_owned(),
            email: None,
            context: ActorContext::System,
            ip: None,
            kind: ActorKind::System,
            token: None,
        }
    }
}

/// Adds an event at the end of the log, with the hash of its leaf.
pub(crate) async fn insert_event(tx: &mut Tx<'_>, event: &NewEvent) -> Result<(), StoreError> {
    let id = event.id.to_string();
    let account_id = event.account_id.map(|id| id.to_string());
    let (actor, raw) = (&event.actor, event.request.raw.as_ref());
    let token_id = actor.token.as_ref().map(|token| token.id.to_string());
    let request_id = event.request.id.to_string();
    let details = line::bounded_details(to_json("event details", &event.details)?);
    let columns = Columns {
        id: &id,
        account_id: account_id.as_deref(),
        at: event.at.as_micros(),
        action: event.action.as_str(),
        result: event.outcome.as_str(),
        resource_kind: event.resource_kind.as_str(),
        resource_id: &event.resource_id,
        actor_id: &actor.id,
        actor_kind: actor.kind.as_str(),
        actor_email: actor.email.as_ref().map(Email::as_str),
        actor_context: actor.context.as_str(),
        actor_ip: actor.ip.as_deref(),
        token_id: token_id.as_deref(),
        token_name: actor.token.as_ref().map(|token| token.name.as_str()),
        request_id: &request_id,
        method: raw.map(|raw| raw.method.as_str()),
        path: raw.map(|raw| raw.path.as_str()),
        user_agent: raw.map(|raw| raw.user_agent.as_str()),
        status: raw.map(|raw| i64::from(raw.status)),
        details: &details,
    };
    let line = line::line(&columns);
    line::fits(&line)?;
    let (seq, leaf) = tx.tail.append(&line);
    execute!(
        tx,
        "INSERT INTO audit_events (seq, leaf, id, account_id, at, action, result, resource_kind, resource_id, \
             actor_id, actor_kind, actor_email, actor_context, actor_ip, token_id, token_name, request_id, method, \
             path, user_agent, status, details) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
             $21, $22)",
        i64::try_from(seq).unwrap_or(i64::MAX),
        leaf.to_vec(),
        columns.id,
        columns.account_id,
        columns.at,
        columns.action,
        columns.result,
        columns.resource_kind,
        columns.resource_id,
        columns.actor_id,
        columns.actor_kind,
        columns.actor_email,
        columns.actor_context,
        columns.actor_ip,
        columns.token_id,
        columns.token_name,
        columns.request_id,
        columns.method,
        columns.path,
        columns.user_agent,
        columns.status,
        columns.details
    );
    Ok(())
}

/// An event as it was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    /// Its place in the log.
    pub seq: u64,
    /// The account it happened in.
    pub account_id: Option<AccountId>,
    /// When.
    pub at: Timestamp,
    /// What was done, or tried.
    pub action: String,
    /// How it ended.
    pub outcome: String,
    /// To what kind of thing.
    pub resource_kind: String,
    /// To which one.
    pub resource_id: String,
    /// By whom.
    pub actor_id: String,
    /// By whom, as an address.
    pub actor_email: Option<String>,
    /// By which door.
    pub actor_context: String,
    /// In which request.
    pub request_id: String,
    /// Metadata before and after, and what the action adds.
    pub details: serde_json::Value,
}

type EventTuple = (
    i64,
    Option<String>,
    i64,
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    String,
    String,
    String,
);

/// Every event, oldest first.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn all(rows: &mut impl Rows) -> Result<Vec<EventRow>, StoreError> {
    let found: Vec<EventTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT seq, account_id, at, action, result, resource_kind, resource_id, actor_id, actor_email, \
             actor_context, request_id, details FROM audit_events ORDER BY seq",
        )
        .fetch_all(connection)
        .await?
    });
    found.into_iter().map(from_tuple).collect()
}

fn from_tuple(tuple: EventTuple) -> Result<EventRow, StoreError> {
    let (
        seq,
        account_id,
        at,
        action,
        outcome,
        resource_kind,
        resource_id,
        actor_id,
        actor_email,
        actor_context,
        request_id,
        details,
    ) = tuple;
    Ok(EventRow {
        seq: u64::try_from(seq).unwrap_or(0),
        account_id: account_id.map(|id| parsed("account id", &id)).transpose()?,
        at: Timestamp::from_micros(at),
        action,
        outcome,
        resource_kind,
        resource_id,
        actor_id,
        actor_email,
        actor_context,
        request_id,
        details: from_json("event details", &details)?,
    })
}

/// How many events there are.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn count(rows: &mut impl Rows) -> Result<u32, StoreError> {
    let count: i64 = on!(rows, connection => {
        sqlx::query_scalar("SELECT count(*) FROM audit_events").fetch_one(connection).await?
    });
    unsigned("count of events", count)
}
