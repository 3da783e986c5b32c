//! Sessions of users. Of a session's text only a MAC is kept.

use coffer_types::{SessionId, Timestamp, UserId};

use crate::cache::Touched;
use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::parsed;

/// A session.
#[derive(Clone)]
pub struct SessionRow {
    /// The session.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The public part of its text.
    pub prefix: String,
    /// The MAC of its text.
    pub mac: Vec<u8>,
    /// Where the user signed in from.
    pub ip: Option<String>,
    /// The client's name of itself.
    pub user_agent: Option<String>,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// It is refused from here on, however much it is used.
    pub expires_at: Timestamp,
    /// When it was last used, as far as that was written; signing in counts.
    pub last_used_at: Timestamp,
}

impl std::fmt::Debug for SessionRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionRow")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Keeps a new session.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn insert(tx: &mut Tx<'_>, session: &SessionRow) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO sessions (id, user_id, prefix, mac, ip, user_agent, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        session.id.to_string(),
        session.user_id.to_string(),
        session.prefix.clone(),
        session.mac.clone(),
        session.ip.clone(),
        session.user_agent.clone(),
        session.created_at.as_micros(),
        session.expires_at.as_micros()
    );
    tx.touch(Touched::Sessions(session.prefix.clone()));
    Ok(())
}

/// The sessions whose text begins with a public prefix: nearly always one or none.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn with_prefix(
    rows: &mut impl Rows,
    prefix: &str,
) -> Result<Vec<SessionRow>, StoreError> {
    let found: Vec<SessionTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT sessions.id, user_id, prefix, mac, ip, user_agent, created_at, expires_at, last_used_at \
             FROM sessions LEFT JOIN session_uses ON session_uses.session_id = sessions.id \
             WHERE prefix = $1 ORDER BY sessions.id",
        )
        .bind(prefix.to_owned())
        .fetch_all(connection)
        .await?
    });
    found.into_iter().map(from_tuple).collect()
}

/// A user's sessions, those that have run out included, the newest first.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_user(rows: &mut impl Rows, user_id: UserId) -> Result<Vec<SessionRow>, StoreError> {
    let found: Vec<SessionTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT sessions.id, user_id, prefix, mac, ip, user_agent, created_at, expires_at, last_used_at \
             FROM sessions LEFT JOIN session_uses ON session_uses.session_id = sessions.id \
             WHERE user_id = $1 ORDER BY created_at DESC, sessions.id",
        )
        .bind(user_id.to_string())
        .fetch_all(connection)
        .await?
    });
    found.into_iter().map(from_tuple).collect()
}

/// Ends a session.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete(tx: &mut Tx<'_>, session: &SessionRow) -> Result<(), StoreError> {
    execute!(
        tx,
        "DELETE FROM sessions WHERE id = $1",
        session.id.to_string()
    );
    tx.touch(Touched::Sessions(session.prefix.clone()));
    Ok(())
}

/// Ends all sessions of a user but one, and gives how many it ended.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete_of_user(
    tx: &mut Tx<'_>,
    user_id: UserId,
    except: Option<SessionId>,
) -> Result<u32, StoreError> {
    let mut ended = 0;
    for session in of_user(tx, user_id).await? {
        if Some(session.id) != except {
            delete(tx, &session).await?;
            ended += 1;
        }
    }
    Ok(ended)
}

/// Removes sessions that expired until `now`, at most `limit`.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete_expired(tx: &mut Tx<'_>, now: Timestamp, limit: u32) -> Result<(), StoreError> {
    execute!(
        tx,
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= $1 LIMIT $2)",
        now.as_micros(),
        i64::from(limit)
    );
    Ok(())
}

/// Sessions that were last used until a moment, as far as that was written: at most `limit`.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn unused_since(
    rows: &mut impl Rows,
    moment: Timestamp,
    limit: u32,
) -> Result<Vec<SessionRow>, StoreError> {
    let found: Vec<SessionTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT sessions.id, user_id, prefix, mac, ip, user_agent, created_at, expires_at, last_used_at \
             FROM sessions LEFT JOIN session_uses ON session_uses.session_id = sessions.id \
             WHERE created_at <= $1 AND coalesce(last_used_at, created_at) <= $1 LIMIT $2",
        )
        .bind(moment.as_micros())
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?
    });
    found.into_iter().map(from_tuple).collect()
}

type SessionTuple = (
    String,
    String,
    String,
    Vec<u8>,
    Option<String>,
    Option<String>,
    i64,
    i64,
    Option<i64>,
);

fn from_tuple(tuple: SessionTuple) -> Result<SessionRow, StoreError> {
    let (id, user_id, prefix, mac, ip, user_agent, created_at, expires_at, last_used_at) = tuple;
    Ok(SessionRow {
        id: parsed("session id", &id)?,
        user_id: parsed("user id", &user_id)?,
        prefix,
        mac,
        ip,
        user_agent,
        created_at: Timestamp::from_micros(created_at),
        expires_at: Timestamp::from_micros(expires_at),
        last_used_at: Timestamp::from_micros(last_used_at.unwrap_or(created_at)),
    })
}
