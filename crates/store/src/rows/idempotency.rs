//! Answers of writes that named an `Idempotency-Key`, kept in the write's own transaction.

use coffer_types::Timestamp;

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;

/// A kept answer.
#[derive(Clone, Debug)]
pub struct KeptAnswer {
    /// What was asked, as a digest of the request.
    pub request: String,
    /// The operation's result, as JSON. Never a value.
    pub response: String,
}

/// The answer kept for an actor's key since a moment; an older one is as good as forgotten.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(
    rows: &mut impl Rows,
    actor_id: &str,
    key: &str,
    kept_since: Timestamp,
) -> Result<Option<KeptAnswer>, StoreError> {
    let found: Option<(String, String)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT request, response FROM idempotency WHERE actor_id = $1 AND key = $2 AND created_at >= $3",
        )
        .bind(actor_id.to_owned())
        .bind(key.to_owned())
        .bind(kept_since.as_micros())
        .fetch_optional(connection)
        .await?
    });
    Ok(found.map(|(request, response)| KeptAnswer { request, response }))
}

/// Keeps an answer, and forgets those made before `forget_before`.
///
/// # Errors
/// [`StoreError::Taken`] if the actor's key has one.
pub async fn insert(
    tx: &mut Tx<'_>,
    actor_id: &str,
    key: &str,
    answer: &KeptAnswer,
    now: Timestamp,
    forget_before: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "DELETE FROM idempotency WHERE created_at < $1",
        forget_before.as_micros()
    );
    execute!(
        tx,
        "INSERT INTO idempotency (actor_id, key, request, response, created_at) VALUES ($1, $2, $3, $4, $5)",
        actor_id.to_owned(),
        key.to_owned(),
        answer.request.clone(),
        answer.response.clone(),
        now.as_micros()
    );
    Ok(())
}
