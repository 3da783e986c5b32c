//! Second factors: a user's authenticator app, and the recovery codes in its place.

use coffer_types::{Timestamp, UserId};

use crate::cache::Touched;
use crate::connection::{Rows, Tx, execute, execute_counted, on};
use crate::error::StoreError;
use crate::rows::unsigned;

/// A user's authenticator app.
#[derive(Clone)]
pub struct SecondFactorRow {
    /// Whose it is.
    pub user_id: UserId,
    /// What the app shares, sealed.
    pub secret_sealed: Vec<u8>,
    /// The last step whose code was used.
    pub last_step: i64,
    /// When the secret was made.
    pub created_at: Timestamp,
    /// When its first code was entered; `None` until then, and it does not count.
    pub confirmed_at: Option<Timestamp>,
}

impl std::fmt::Debug for SecondFactorRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecondFactorRow")
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

/// Keeps a user's app in place of the one before, whose recovery codes go.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn put(tx: &mut Tx<'_>, row: &SecondFactorRow) -> Result<(), StoreError> {
    delete(tx, row.user_id).await?;
    execute!(
        tx,
        "INSERT INTO second_factors (user_id, secret_sealed, last_step, created_at, confirmed_at) \
             VALUES ($1, $2, $3, $4, $5)",
        row.user_id.to_string(),
        row.secret_sealed.clone(),
        row.last_step,
        row.created_at.as_micros(),
        row.confirmed_at.map(Timestamp::as_micros)
    );
    Ok(())
}

/// A user's app, whether it counts yet or not.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(
    rows: &mut impl Rows,
    user_id: UserId,
) -> Result<Option<SecondFactorRow>, StoreError> {
    let found: Option<(Vec<u8>, i64, i64, Option<i64>)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT secret_sealed, last_step, created_at, confirmed_at FROM second_factors WHERE user_id = $1",
        )
        .bind(user_id.to_string())
        .fetch_optional(connection)
        .await?
    });
    Ok(found.map(
        |(secret_sealed, last_step, created_at, confirmed_at)| SecondFactorRow {
            user_id,
            secret_sealed,
            last_step,
            created_at: Timestamp::from_micros(created_at),
            confirmed_at: confirmed_at.map(Timestamp::from_micros),
        },
    ))
}

/// Uses the code of a step up; `false` if it, or a later one, was used before.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn use_step(tx: &mut Tx<'_>, user_id: UserId, step: i64) -> Result<bool, StoreError> {
    let used = execute_counted!(
        tx,
        "UPDATE second_factors SET last_step = $2 WHERE user_id = $1 AND last_step < $2",
        user_id.to_string(),
        step
    );
    Ok(used == 1)
}

/// Lets a user's app count from a moment on.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn confirm(tx: &mut Tx<'_>, user_id: UserId, now: Timestamp) -> Result<(), StoreError> {
    execute!(
        tx,
        "UPDATE second_factors SET confirmed_at = $2 WHERE user_id = $1",
        user_id.to_string(),
        now.as_micros()
    );
    tx.touch(Touched::User(user_id));
    Ok(())
}

/// Removes a user's app and its recovery codes.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete(tx: &mut Tx<'_>, user_id: UserId) -> Result<(), StoreError> {
    execute!(
        tx,
        "DELETE FROM second_factors WHERE user_id = $1",
        user_id.to_string()
    );
    tx.touch(Touched::User(user_id));
    Ok(())
}

/// Keeps recovery codes in place of those that a user has.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn put_recovery_codes(
    tx: &mut Tx<'_>,
    user_id: UserId,
    macs: &[Vec<u8>],
) -> Result<(), StoreError> {
    execute!(
        tx,
        "DELETE FROM recovery_codes WHERE user_id = $1",
        user_id.to_string()
    );
    for mac in macs {
        execute!(
            tx,
            "INSERT INTO recovery_codes (user_id, mac) VALUES ($1, $2)",
            user_id.to_string(),
            mac.clone()
        );
    }
    Ok(())
}

/// Whether a user has a recovery code with this MAC.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn has_recovery_code(
    rows: &mut impl Rows,
    user_id: UserId,
    mac: &[u8],
) -> Result<bool, StoreError> {
    let found: i64 = on!(rows, connection => {
        sqlx::query_scalar("SELECT count(*) FROM recovery_codes WHERE user_id = $1 AND mac = $2")
            .bind(user_id.to_string())
            .bind(mac.to_vec())
            .fetch_one(connection)
            .await?
    });
    Ok(found > 0)
}

/// Uses a recovery code up; `false` if there is none with this MAC.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn use_recovery_code(
    tx: &mut Tx<'_>,
    user_id: UserId,
    mac: &[u8],
) -> Result<bool, StoreError> {
    let used = execute_counted!(
        tx,
        "DELETE FROM recovery_codes WHERE user_id = $1 AND mac = $2",
        user_id.to_string(),
        mac.to_vec()
    );
    Ok(used == 1)
}

/// How many recovery codes a user has left.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn recovery_codes_left(rows: &mut impl Rows, user_id: UserId) -> Result<u32, StoreError> {
    let count: i64 = on!(rows, connection => {
        sqlx::query_scalar("SELECT count(*) FROM recovery_codes WHERE user_id = $1")
            .bind(user_id.to_string())
            .fetch_one(connection)
            .await?
    });
    unsigned("count of recovery codes", count)
}
