//! Signed checkpoints of the audit log: one for every 256 events, kept for ever, and in `audit_head` the newest.

use sqlx::SqliteConnection;

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;

const INSERT: &str = "INSERT INTO audit_checkpoints (size, note) VALUES ($1, $2)";

pub(crate) async fn insert(tx: &mut Tx<'_>, size: u64, note: &str) -> Result<(), StoreError> {
    execute!(tx, INSERT, i64::try_from(size).unwrap_or(i64::MAX), note);
    Ok(())
}

/// As [`insert`], outside a write.
pub(crate) async fn insert_on(
    connection: &mut SqliteConnection,
    size: u64,
    note: &str,
) -> Result<(), StoreError> {
    sqlx::query(INSERT)
        .bind(i64::try_from(size).unwrap_or(i64::MAX))
        .bind(note)
        .execute(connection)
        .await?;
    Ok(())
}

/// The first of a log's newest checkpoints, outside a write.
pub(crate) async fn insert_head_on(
    connection: &mut SqliteConnection,
    note: &str,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO audit_head (only_row, note) VALUES (1, $1)")
        .bind(note)
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn head_on(
    connection: &mut SqliteConnection,
) -> Result<Option<String>, StoreError> {
    let head = sqlx::query_scalar("SELECT note FROM audit_head");
    Ok(head.fetch_optional(connection).await?)
}

/// The newest checkpoint.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn head(rows: &mut impl Rows) -> Result<Option<String>, StoreError> {
    on!(rows, connection => head_on(connection).await)
}

/// The kept checkpoints with their sizes, after a size, at most 256.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn after(rows: &mut impl Rows, size: i64) -> Result<Vec<(i64, String)>, StoreError> {
    on!(rows, connection => {
        Ok(sqlx::query_as("SELECT size, note FROM audit_checkpoints WHERE size > $1 ORDER BY size LIMIT 256")
            .bind(size)
            .fetch_all(connection)
            .await?)
    })
}
