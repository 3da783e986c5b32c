//! The audit log. It is only ever added to, in the transaction of what it tells.

use coffer_types::audit::{Action, ActorContext, ResourceKind};
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
    /// What was done.
    pub action: Action,
    /// To what kind of thing.
    pub resource_kind: ResourceKind,
    /// To which one.
    pub resource_id: String,
    /// By whom.
    pub actor: EventActor,
    /// In which request.
    pub request_id: RequestId,
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
    /// With which token.
    pub token_id: Option<TokenId>,
}

impl EventActor {
    /// The operator, by a command on the data directory.
    pub fn operator() -> Self {
        Self {
            id: "operator".to_owned(),
            email: None,
            context: ActorContext::System,
            ip: None,
            token_id: None,
        }
    }
}

pub(crate) async fn insert_event(tx: &mut Tx<'_>, event: &NewEvent) -> Result<(), StoreError> {
    let details = to_json("event details", &event.details)?;
    execute!(
        tx,
        "INSERT INTO audit_events (id, account_id, at, action, resource_kind, resource_id, actor_id, \
             actor_email, actor_context, actor_ip, token_id, request_id, details) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        event.id.to_string(),
        event.account_id.map(|id| id.to_string()),
        event.at.as_micros(),
        event.action.as_str(),
        event.resource_kind.as_str(),
        event.resource_id.clone(),
        event.actor.id.clone(),
        event
            .actor
            .email
            .as_ref()
            .map(|email| email.as_str().to_owned()),
        event.actor.context.as_str(),
        event.actor.ip.clone(),
        event.actor.token_id.map(|id| id.to_string()),
        event.request_id.to_string(),
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
