//! Passkeys of users.

use coffer_types::{PasskeyId, PasskeyName, Timestamp, UserId};

use crate::connection::{Rows, Tx, execute, execute_counted, on};
use crate::error::StoreError;
use crate::rows::{parsed, unsigned};

/// A passkey.
#[derive(Clone, Debug)]
pub struct PasskeyRow {
    /// The passkey.
    pub id: PasskeyId,
    /// Whose it is.
    pub user_id: UserId,
    /// What its authenticator knows it by. No two passkeys share it.
    pub credential_id: Vec<u8>,
    /// Its public key, as COSE writes it.
    pub public_key: Vec<u8>,
    /// What its owner calls it.
    pub name: PasskeyName,
    /// How many signatures its authenticator had counted at the last one; 0 if it does not count.
    pub sign_count: u32,
    /// Whether it may be on several devices.
    pub is_backup_eligible: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last signed its owner in.
    pub last_used_at: Option<Timestamp>,
}

/// Keeps a new passkey.
///
/// # Errors
/// [`StoreError::Taken`] if its credential id is.
pub async fn insert(tx: &mut Tx<'_>, row: &PasskeyRow) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO passkeys (id, user_id, credential_id, public_key, name, sign_count, is_backup_eligible, \
             created_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        row.id.to_string(),
        row.user_id.to_string(),
        row.credential_id.clone(),
        row.public_key.clone(),
        row.name.as_str().to_owned(),
        i64::from(row.sign_count),
        i64::from(row.is_backup_eligible),
        row.created_at.as_micros(),
        row.last_used_at.map(Timestamp::as_micros)
    );
    Ok(())
}

/// The passkey with this credential id, whosever it is.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn with_credential(
    rows: &mut impl Rows,
    credential_id: &[u8],
) -> Result<Option<PasskeyRow>, StoreError> {
    let found: Option<PasskeyTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, user_id, credential_id, public_key, name, sign_count, is_backup_eligible, created_at, \
             last_used_at FROM passkeys WHERE credential_id = $1",
        )
        .bind(credential_id.to_vec())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// A user's passkeys, the newest first.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_user(rows: &mut impl Rows, user_id: UserId) -> Result<Vec<PasskeyRow>, StoreError> {
    let found: Vec<PasskeyTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, user_id, credential_id, public_key, name, sign_count, is_backup_eligible, created_at, \
             last_used_at FROM passkeys WHERE user_id = $1 ORDER BY created_at DESC, id",
        )
        .bind(user_id.to_string())
        .fetch_all(connection)
        .await?
    });
    found.into_iter().map(from_tuple).collect()
}

/// Gives a user's passkey another name; `false` if the user has no such passkey.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn rename(
    tx: &mut Tx<'_>,
    user_id: UserId,
    id: PasskeyId,
    name: &PasskeyName,
) -> Result<bool, StoreError> {
    let renamed = execute_counted!(
        tx,
        "UPDATE passkeys SET name = $3 WHERE id = $1 AND user_id = $2",
        id.to_string(),
        user_id.to_string(),
        name.as_str().to_owned()
    );
    Ok(renamed == 1)
}

/// Notes that a passkey signed its owner in, with its authenticator's new count; `false` if it was removed, or its
/// count moved on, since that was seen to be `before`.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn note_use(
    tx: &mut Tx<'_>,
    (user_id, id): (UserId, PasskeyId),
    (before, after): (u32, u32),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let noted = execute_counted!(
        tx,
        "UPDATE passkeys SET sign_count = $4, last_used_at = $5 \
             WHERE id = $1 AND user_id = $2 AND sign_count = $3",
        id.to_string(),
        user_id.to_string(),
        i64::from(before),
        i64::from(after),
        now.as_micros()
    );
    Ok(noted == 1)
}

/// Removes a user's passkey; `false` if the user has no such passkey.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete(tx: &mut Tx<'_>, user_id: UserId, id: PasskeyId) -> Result<bool, StoreError> {
    let deleted = execute_counted!(
        tx,
        "DELETE FROM passkeys WHERE id = $1 AND user_id = $2",
        id.to_string(),
        user_id.to_string()
    );
    Ok(deleted == 1)
}

type PasskeyTuple = (
    String,
    String,
    Vec<u8>,
    Vec<u8>,
    String,
    i64,
    i64,
    i64,
    Option<i64>,
);

fn from_tuple(tuple: PasskeyTuple) -> Result<PasskeyRow, StoreError> {
    let (
        id,
        user_id,
        credential_id,
        public_key,
        name,
        sign_count,
        is_backup_eligible,
        created_at,
        last_used_at,
    ) = tuple;
    Ok(PasskeyRow {
        id: parsed("passkey id", &id)?,
        user_id: parsed("user id", &user_id)?,
        credential_id,
        public_key,
        name: parsed("passkey name", &name)?,
        sign_count: unsigned("signature count", sign_count)?,
        is_backup_eligible: is_backup_eligible != 0,
        created_at: Timestamp::from_micros(created_at),
        last_used_at: last_used_at.map(Timestamp::from_micros),
    })
}
