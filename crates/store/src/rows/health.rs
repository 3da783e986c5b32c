//! Whether the database is whole, for its operator.

use coffer_types::Timestamp;

use crate::connection::{Rows, on};
use crate::error::StoreError;
use crate::rows::unsigned;

/// Problems that are told at most.
const MOST_PROBLEMS: usize = 20;

/// What SQLite finds wrong with the database's own structure and with references between rows; empty if nothing. It
/// reads all of the database.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn problems(rows: &mut impl Rows) -> Result<Vec<String>, StoreError> {
    let mut problems: Vec<String> = on!(rows, connection => {
        sqlx::query_scalar("PRAGMA quick_check(20)")
            .fetch_all(connection)
            .await?
    });
    problems.retain(|problem| problem != "ok");
    let astray: Vec<(String, Option<i64>, String)> = on!(rows, connection => {
        sqlx::query_as("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 20")
            .fetch_all(connection)
            .await?
    });
    problems.extend(astray.into_iter().map(|(table, row, parent)| {
        let row = row.map_or_else(|| "a row".to_owned(), |row| format!("row {row}"));
        format!("{row} of {table} refers to what is not in {parent}")
    }));
    problems.truncate(MOST_PROBLEMS);
    Ok(problems)
}

/// Which version the schema has.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn schema_version(rows: &mut impl Rows) -> Result<u32, StoreError> {
    let version: i64 = on!(rows, connection => {
        sqlx::query_scalar("PRAGMA user_version").fetch_one(connection).await?
    });
    unsigned("schema version", version)
}

/// When the newest event of the audit log happened.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn newest_event_at(rows: &mut impl Rows) -> Result<Option<Timestamp>, StoreError> {
    let newest: Option<i64> = on!(rows, connection => {
        sqlx::query_scalar("SELECT at FROM audit_events ORDER BY seq DESC LIMIT 1")
            .fetch_optional(connection)
            .await?
    });
    Ok(newest.map(Timestamp::from_micros))
}
