//! Reading the audit log: a page of an account's or a user's events, filtered, by their time.
//!
//! Every page is a walk along one index in the order of the page, from where the page before ended. What a page
//! costs is what it passes over: a filter that hardly anything matches reads the whole time range, unless it
//! names resources or actors, which have indexes of their own.

use std::collections::BTreeSet;
use std::fmt::Write;

use coffer_types::audit::ResourceKind;
use coffer_types::{AccountId, Timestamp, UserId};
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use crate::batch::Value;
use crate::connection::{Rows, on};
use crate::error::StoreError;
use crate::rows::audit::{EventActor, EventRequest, EventToken, NewEvent, RawRequest};
use crate::rows::secrets::like_pattern;
use crate::rows::{Direction, Slice, from_json, parsed};

/// Walks along an index that are merged into one page: as many as a filter usually names at the most. One that
/// names more is looked for along the account's events.
const MAX_WALKS: usize = 16;

/// An event with its place in the log.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// Its place.
    pub position: Position,
    /// What happened.
    pub event: NewEvent,
}

/// A place in the order by time; among events of one moment, in the order of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// When.
    pub at: Timestamp,
    /// The place in the log.
    pub seq: u64,
}

/// Whose events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventsOf {
    /// What happened in an account.
    Account(AccountId),
    /// What a user did, and what was done to that user.
    User {
        /// The user.
        id: UserId,
        /// Only what happened in one of these accounts or in none; `None` leaves nothing out.
        accounts: Option<Vec<AccountId>>,
    },
}

/// A column that can be filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventColumn {
    /// The event.
    Id,
    /// What was done.
    Action,
    /// How it ended.
    Outcome,
    /// The kind of thing.
    ResourceKind,
    /// The thing.
    ResourceId,
    /// Who did it.
    ActorId,
    /// What kind of actor.
    ActorKind,
    /// The actor's address.
    ActorEmail,
    /// By which door.
    ActorContext,
    /// From where.
    ActorIp,
    /// With which token.
    TokenId,
    /// What the token was called.
    TokenName,
    /// In which request.
    RequestId,
    /// The request's method.
    Method,
    /// The request's path.
    Path,
    /// The answer's status.
    Status,
    /// All that people look for an event by, in one text: what it is about, who did it, and its details. A value is
    /// found in any place of it, whatever the case of its letters.
    Anywhere,
}

/// What a column is compared with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColumnValue {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
}

/// One part of a filter; all parts must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventCondition {
    /// The column.
    pub column: EventColumn,
    /// The values that it must have one of; of none, no event has one.
    pub values: Vec<ColumnValue>,
    /// Whether it must have none of them instead. A column without a value has none of them.
    pub negated: bool,
}

/// Which events, in which order.
#[derive(Clone, Debug)]
pub struct EventQuery {
    /// Whose.
    pub of: EventsOf,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub before: Option<Timestamp>,
    /// What else must hold.
    pub conditions: Vec<EventCondition>,
    /// Oldest or newest first.
    pub direction: Direction,
}

/// A page of events: those behind `after` in the query's direction.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn page(
    rows: &mut impl Rows,
    query: &EventQuery,
    after: Option<Position>,
    slice: Slice,
) -> Result<Vec<StoredEvent>, StoreError> {
    let statement = Statement::of(query, after, slice);
    on!(rows, connection => {
        let found = statement.fetch(connection).await?;
        found.iter().map(stored).collect()
    })
}

/// How the database would find a page, a line a step, for the test that it never scans or sorts.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn plan(
    rows: &mut impl Rows,
    query: &EventQuery,
    after: Option<Position>,
    slice: Slice,
) -> Result<Vec<String>, StoreError> {
    let mut statement = Statement::of(query, after, slice);
    statement.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
    on!(rows, connection => {
        let found = statement.fetch(connection).await?;
        let steps = found.iter().map(|row| row.try_get("detail"));
        Ok(steps.collect::<Result<_, _>>()?)
    })
}

const COLUMNS: &str = "seq, id, account_id, at, action, result, resource_kind, resource_id, actor_id, actor_kind, \
    actor_email, actor_context, actor_ip, token_id, token_name, request_id, method, path, user_agent, status, details";

/// A statement with its parameters.
#[derive(Debug, Default)]
struct Statement {
    sql: String,
    values: Vec<Value>,
}

impl Statement {
    fn of(query: &EventQuery, after: Option<Position>, slice: Slice) -> Self {
        let mut statement = Self::default();
        let walks = statement.walks(query);
        let rest = statement.rest(query, after);
        let mut sql = String::new();
        for walk in walks {
            let union = if sql.is_empty() { "" } else { " UNION ALL " };
            // Writing to a string does not fail.
            let _ = write!(
                sql,
                "{union}SELECT {COLUMNS} FROM audit_events WHERE {walk}{rest}"
            );
        }
        let limit = statement.bound(slice.limit_sql());
        let offset = statement.bound(slice.offset_sql());
        let direction = query.direction.sql();
        let _ = write!(
            sql,
            " ORDER BY at {direction}, seq {direction} LIMIT {limit} OFFSET {offset}"
        );
        statement.sql = sql;
        statement
    }

    /// The beginnings of the conditions, each of which is found along one index and shares no event with another.
    ///
    /// A column to which something is appended is one that no index is used for, on either engine: the index is
    /// chosen here, where it is known which gives the order of the page.
    fn walks(&mut self, query: &EventQuery) -> Vec<String> {
        let account_id = match &query.of {
            EventsOf::Account(id) => self.bound(id.to_string()),
            EventsOf::User { id, .. } => {
                let user = self.bound(id.to_string());
                let kind = self.bound(ResourceKind::User.as_str().to_owned());
                // Another kind of thing may have the same id, and whoever names it chooses it.
                return vec![
                    format!("actor_id = {user}"),
                    format!(
                        "resource_id = {user} AND actor_id || '' <> {user} AND resource_kind = {kind}"
                    ),
                ];
            }
        };
        for column in [EventColumn::ResourceId, EventColumn::ActorId] {
            let Some(values) = narrowed(query, column) else {
                continue;
            };
            let walk = |value| {
                let value = self.bound(value);
                format!(
                    "{} = {value} AND account_id || '' = {account_id}",
                    column.sql()
                )
            };
            return values.into_iter().map(walk).collect();
        }
        vec![format!("account_id = {account_id}")]
    }

    /// The further conditions, which are the same for every walk.
    fn rest(&mut self, query: &EventQuery, after: Option<Position>) -> String {
        let mut rest = String::new();
        let forward = query.direction == Direction::Ascending;
        // The place where the page before ended is the nearer bound.
        if let Some(since) = query.since.filter(|_| !(forward && after.is_some())) {
            let _ = write!(rest, " AND at >= {}", self.bound(since.as_micros()));
        }
        if let Some(before) = query.before.filter(|_| forward || after.is_none()) {
            let _ = write!(rest, " AND at < {}", self.bound(before.as_micros()));
        }
        if let Some(Position { at, seq }) = after {
            let at = self.bound(at.as_micros());
            let seq = self.bound(i64::try_from(seq).unwrap_or(i64::MAX));
            let behind = if forward { ">" } else { "<" };
            let _ = write!(rest, " AND (at, seq) {behind} ({at}, {seq})");
        }
        if let EventsOf::User {
            accounts: Some(accounts),
            ..
        } = &query.of
        {
            let ids = accounts
                .iter()
                .map(|id| ColumnValue::Text(id.to_string()))
                .collect();
            let among = self.among("account_id || ''", &ids);
            let _ = write!(rest, " AND (account_id IS NULL OR {among})");
        }
        for condition in &query.conditions {
            self.add_condition(&mut rest, condition);
        }
        rest
    }

    fn add_condition(&mut self, rest: &mut String, condition: &EventCondition) {
        let name = condition.column.sql();
        let compared = match condition.column {
            EventColumn::ResourceId | EventColumn::ActorId => format!("{name} || ''"),
            _ => name.to_owned(),
        };
        let values = condition.values.iter().cloned().collect();
        let among = match condition.column {
            EventColumn::Anywhere => self.contains(&compared, &values),
            _ => self.among(&compared, &values),
        };
        let _ = match condition.negated {
            true => write!(rest, " AND ({name} IS NULL OR NOT {among})"),
            false => write!(rest, " AND {among}"),
        };
    }

    /// That a text has one of the values in it.
    fn contains(&mut self, compared: &str, values: &BTreeSet<ColumnValue>) -> String {
        let mut found = Vec::with_capacity(values.len());
        for value in values {
            let pattern = match value {
                ColumnValue::Text(text) => like_pattern(text),
                ColumnValue::Number(number) => like_pattern(&number.to_string()),
            };
            let pattern = self.bound(pattern);
            found.push(format!("{compared} LIKE {pattern} ESCAPE '!'"));
        }
        match found.is_empty() {
            true => "1 = 0".to_owned(),
            false => format!("({})", found.join(" OR ")),
        }
    }

    fn among(&mut self, compared: &str, values: &BTreeSet<ColumnValue>) -> String {
        if values.is_empty() {
            return "1 = 0".to_owned();
        }
        let values: Vec<_> = values
            .iter()
            .map(|value| self.bound(value.clone()))
            .collect();
        format!("{compared} IN ({})", values.join(", "))
    }

    /// Keeps a parameter and gives its place in the text.
    fn bound(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    async fn fetch(self, connection: &mut SqliteConnection) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let mut arguments = SqliteArguments::default();
        for value in self.values {
            value.add_to(&mut arguments).map_err(sqlx::Error::Encode)?;
        }
        // The text is made of this file's own literals; everything from outside is a parameter.
        sqlx::query_with(AssertSqlSafe(self.sql), arguments)
            .fetch_all(connection)
            .await
    }
}

/// The values that a column must have one of, if they are few enough to be walked one by one.
fn narrowed(query: &EventQuery, column: EventColumn) -> Option<BTreeSet<ColumnValue>> {
    let condition = query
        .conditions
        .iter()
        .find(|condition| condition.column == column && !condition.negated)?;
    let values: BTreeSet<_> = condition.values.iter().cloned().collect();
    (1..=MAX_WALKS).contains(&values.len()).then_some(values)
}

impl EventColumn {
    const fn sql(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Action => "action",
            Self::Outcome => "result",
            Self::ResourceKind => "resource_kind",
            Self::ResourceId => "resource_id",
            Self::ActorId => "actor_id",
            Self::ActorKind => "actor_kind",
            Self::ActorEmail => "actor_email",
            Self::ActorContext => "actor_context",
            Self::ActorIp => "actor_ip",
            Self::TokenId => "token_id",
            Self::TokenName => "token_name",
            Self::RequestId => "request_id",
            Self::Method => "method",
            Self::Path => "path",
            Self::Status => "status",
            Self::Anywhere => {
                "lower(resource_id || ' ' || actor_id || ' ' || coalesce(actor_email, '') || ' ' || \
                 coalesce(token_name, '') || ' ' || coalesce(actor_ip, '') || ' ' || coalesce(path, '') || ' ' || details)"
            }
        }
    }
}

impl From<ColumnValue> for Value {
    fn from(value: ColumnValue) -> Self {
        match value {
            ColumnValue::Text(text) => Self::Text(text),
            ColumnValue::Number(number) => Self::Integer(number),
        }
    }
}

fn stored(row: &SqliteRow) -> Result<StoredEvent, StoreError> {
    let text = |name: &'static str| row.try_get::<String, _>(name);
    let optional = |name: &'static str| row.try_get::<Option<String>, _>(name);
    let at = Timestamp::from_micros(row.try_get("at")?);
    let account_id = optional("account_id")?;
    let event = NewEvent {
        id: parsed("event id", &text("id")?)?,
        account_id: account_id.map(|id| parsed("account id", &id)).transpose()?,
        at,
        action: word("action", &text("action")?)?,
        outcome: word("outcome", &text("result")?)?,
        resource_kind: word("resource kind", &text("resource_kind")?)?,
        resource_id: text("resource_id")?,
        actor: EventActor {
            id: text("actor_id")?,
            email: optional("actor_email")?
                .map(|email| parsed("address", &email))
                .transpose()?,
            context: word("actor context", &text("actor_context")?)?,
            ip: optional("actor_ip")?,
            kind: word("actor kind", &text("actor_kind")?)?,
            token: token(optional("token_id")?, optional("token_name")?)?,
        },
        request: EventRequest {
            id: parsed("request id", &text("request_id")?)?,
            raw: raw(row)?,
        },
        details: from_json("event details", &text("details")?)?,
    };
    let seq = u64::try_from(row.try_get::<i64, _>("seq")?).unwrap_or(0);
    Ok(StoredEvent {
        position: Position { at, seq },
        event,
    })
}

fn token(id: Option<String>, name: Option<String>) -> Result<Option<EventToken>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    Ok(Some(EventToken {
        id: parsed("token id", &id)?,
        name: name.unwrap_or_default(),
    }))
}

fn raw(row: &SqliteRow) -> Result<Option<RawRequest>, StoreError> {
    let Some(method) = row.try_get::<Option<String>, _>("method")? else {
        return Ok(None);
    };
    let status: i64 = row.try_get::<Option<i64>, _>("status")?.unwrap_or_default();
    Ok(Some(RawRequest {
        method,
        path: row
            .try_get::<Option<String>, _>("path")?
            .unwrap_or_default(),
        user_agent: row
            .try_get::<Option<String>, _>("user_agent")?
            .unwrap_or_default(),
        status: u16::try_from(status).unwrap_or_default(),
    }))
}

/// One of the words of the audit log.
fn word<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    let text: StrDeserializer<'_, WordError> = text.into_deserializer();
    T::deserialize(text).map_err(|error| StoreError::damaged(what, error))
}
