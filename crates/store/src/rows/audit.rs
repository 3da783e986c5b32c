//! The audit log. It is only ever added to, in the transaction of what it tells.

use coffer_types::audit::{Action, ActorContext, ActorKind, Outcome, ResourceKind};
use coffer_types::{AccountId, AuditEventId, Email, RequestId, Timestamp, TokenId};

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
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

pub(crate) async fn insert_event(tx: &mut Tx<'_>, event: &NewEvent) -> Result<(), StoreError> {
    let details = to_json("event details", &event.details)?;
    let (actor, raw) = (&event.actor, event.request.raw.as_ref());
    execute!(
        tx,
        "INSERT INTO audit_events (id, account_id, at, action, result, resource_kind, resource_id, actor_id, \
             actor_kind, actor_email, actor_context, actor_ip, token_id, token_name, request_id, method, path, \
             user_agent, status, details) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
        event.id.to_string(),
        event.account_id.map(|id| id.to_string()),
        event.at.as_micros(),
        event.action.as_str(),
        event.outcome.as_str(),
        event.resource_kind.as_str(),
        event.resource_id.clone(),
        actor.id.clone(),
        actor.kind.as_str(),
        actor.email.as_ref().map(|email| email.as_str().to_owned()),
        actor.context.as_str(),
        actor.ip.clone(),
        actor.token.as_ref().map(|token| token.id.to_string()),
        actor.token.as_ref().map(|token| token.name.clone()),
        event.request.id.to_string(),
        raw.map(|raw| raw.method.clone()),
        raw.map(|raw| raw.path.clone()),
        raw.map(|raw| raw.user_agent.clone()),
        raw.map(|raw| i64::from(raw.status)),
        details
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
    /// What was done.
    pub action: String,
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
            "SELECT seq, account_id, at, action, resource_kind, resource_id, actor_id, actor_email, \
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
