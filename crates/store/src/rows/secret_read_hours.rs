//! Reads of secrets, counted by hour.

use coffer_types::{AccountId, SecretId};

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;

/// Hours that are kept: those of a chart of a month, and a day more.
const HOURS_KEPT: i64 = 32 * 24;

/// Counts reads in an hour since 1970. Those of a secret that the account does not have are not counted, and what is
/// older than any chart shows is forgotten.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn add(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    secret_id: SecretId,
    hour: i64,
    reads: u64,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO secret_read_hours (secret_id, hour, reads) \
             SELECT secrets.id, $3, $4 FROM secrets WHERE secrets.id = $2 AND secrets.account_id = $1 \
             ON CONFLICT (secret_id, hour) DO UPDATE SET reads = secret_read_hours.reads + excluded.reads",
        account_id.to_string(),
        secret_id.to_string(),
        hour,
        i64::try_from(reads).unwrap_or(i64::MAX)
    );
    execute!(
        tx,
        "DELETE FROM secret_read_hours WHERE secret_id = $1 AND hour < $2",
        secret_id.to_string(),
        hour.saturating_sub(HOURS_KEPT)
    );
    Ok(())
}

/// The secret's reads from an hour on: each hour that has any, with their number, the earliest first.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn since(
    rows: &mut impl Rows,
    secret_id: SecretId,
    hour: i64,
) -> Result<Vec<(i64, u64)>, StoreError> {
    let found: Vec<(i64, i64)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT hour, reads FROM secret_read_hours WHERE secret_id = $1 AND hour >= $2 ORDER BY hour",
        )
        .bind(secret_id.to_string())
        .bind(hour)
        .fetch_all(connection)
        .await?
    });
    let counted = |(hour, reads)| (hour, u64::try_from(reads).unwrap_or(0));
    Ok(found.into_iter().map(counted).collect())
}
