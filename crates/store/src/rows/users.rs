//! Users.

use coffer_types::{Email, Timestamp, UserId};

use crate::cache::Touched;
use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::parsed;

/// A user.
#[derive(Clone)]
pub struct UserRow {
    /// The user.
    pub id: UserId,
    /// The address, normalised.
    pub email: Email,
    /// The password's Argon2id hash.
    pub password_hash: String,
    /// The global API key's MAC.
    pub global_key_mac: Vec<u8>,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the user was last changed.
    pub modified_at: Timestamp,
}

impl std::fmt::Debug for UserRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRow")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Makes a user.
///
/// # Errors
/// [`StoreError::Taken`] if the address is.
pub async fn insert(tx: &mut Tx<'_>, user: &UserRow) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO users (id, email, password_hash, global_key_mac, created_at, modified_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        user.id.to_string(),
        user.email.as_str().to_owned(),
        user.password_hash.clone(),
        user.global_key_mac.clone(),
        user.created_at.as_micros(),
        user.modified_at.as_micros()
    );
    tx.touch(Touched::User(user.id));
    Ok(())
}

/// The user with this address.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn with_email(
    rows: &mut impl Rows,
    email: &Email,
) -> Result<Option<UserRow>, StoreError> {
    let found: Option<UserTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, email, password_hash, global_key_mac, created_at, modified_at FROM users WHERE email = $1",
        )
        .bind(email.as_str().to_owned())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// The user with this id.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(rows: &mut impl Rows, id: UserId) -> Result<Option<UserRow>, StoreError> {
    let found: Option<UserTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, email, password_hash, global_key_mac, created_at, modified_at FROM users WHERE id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

type UserTuple = (String, String, String, Vec<u8>, i64, i64);

fn from_tuple(tuple: UserTuple) -> Result<UserRow, StoreError> {
    let (id, email, password_hash, global_key_mac, created_at, modified_at) = tuple;
    Ok(UserRow {
        id: parsed("user id", &id)?,
        email: parsed("e-mail address", &email)?,
        password_hash,
        global_key_mac,
        created_at: Timestamp::from_micros(created_at),
        modified_at: Timestamp::from_micros(modified_at),
    })
}
