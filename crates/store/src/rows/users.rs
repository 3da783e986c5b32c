//! Users.

use coffer_types::{Email, PersonName, Timestamp, UserId};

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
    /// The first name, if the user told one.
    pub first_name: Option<PersonName>,
    /// The last name, if the user told one.
    pub last_name: Option<PersonName>,
    /// The password's Argon2id hash; empty for a user who was invited and has none yet.
    pub password_hash: String,
    /// The global API key's MAC.
    pub global_key_mac: Vec<u8>,
    /// Whether the global API key may be used.
    pub global_key_enabled: bool,
    /// The global API key's text, sealed under the user's password; `None` if it was made before that was kept.
    pub global_key_sealed: Option<Vec<u8>>,
    /// Whether the user is asked for a second factor. It is set with [`super::second_factors`].
    pub has_second_factor: bool,
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
        "INSERT INTO users (id, email, first_name, last_name, password_hash, global_key_mac, global_key_enabled, \
             global_key_sealed, created_at, modified_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        user.id.to_string(),
        user.email.as_str().to_owned(),
        text(user.first_name.as_ref()),
        text(user.last_name.as_ref()),
        user.password_hash.clone(),
        user.global_key_mac.clone(),
        i64::from(user.global_key_enabled),
        user.global_key_sealed.clone(),
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
            "SELECT id, email, first_name, last_name, password_hash, global_key_mac, global_key_enabled, \
             global_key_sealed, created_at, modified_at, (SELECT count(*) FROM second_factors \
             WHERE user_id = users.id AND confirmed_at IS NOT NULL) FROM users WHERE email = $1",
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
            "SELECT id, email, first_name, last_name, password_hash, global_key_mac, global_key_enabled, \
             global_key_sealed, created_at, modified_at, (SELECT count(*) FROM second_factors \
             WHERE user_id = users.id AND confirmed_at IS NOT NULL) FROM users WHERE id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// Every user, by address.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn all(rows: &mut impl Rows) -> Result<Vec<UserRow>, StoreError> {
    let found: Vec<UserTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, email, first_name, last_name, password_hash, global_key_mac, global_key_enabled, \
             global_key_sealed, created_at, modified_at, (SELECT count(*) FROM second_factors \
             WHERE user_id = users.id AND confirmed_at IS NOT NULL) FROM users ORDER BY email",
        )
        .fetch_all(connection)
        .await?
    });
    found.into_iter().map(from_tuple).collect()
}

/// Keeps a user's names as they are now.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn update_names(tx: &mut Tx<'_>, user: &UserRow) -> Result<(), StoreError> {
    execute!(
        tx,
        "UPDATE users SET first_name = $2, last_name = $3, modified_at = $4 WHERE id = $1",
        user.id.to_string(),
        text(user.first_name.as_ref()),
        text(user.last_name.as_ref()),
        user.modified_at.as_micros()
    );
    tx.touch(Touched::User(user.id));
    Ok(())
}

/// Keeps a user's password and global API key as they are now.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn update_credentials(tx: &mut Tx<'_>, user: &UserRow) -> Result<(), StoreError> {
    execute!(
        tx,
        "UPDATE users SET password_hash = $2, global_key_mac = $3, global_key_enabled = $4, \
             global_key_sealed = $5, modified_at = $6 WHERE id = $1",
        user.id.to_string(),
        user.password_hash.clone(),
        user.global_key_mac.clone(),
        i64::from(user.global_key_enabled),
        user.global_key_sealed.clone(),
        user.modified_at.as_micros()
    );
    tx.touch(Touched::User(user.id));
    Ok(())
}

fn text(name: Option<&PersonName>) -> Option<String> {
    name.map(|name| name.as_str().to_owned())
}

type UserTuple = (
    String,
    String,
    Option<String>,
    Option<String>,
    String,
    Vec<u8>,
    i64,
    Option<Vec<u8>>,
    i64,
    i64,
    i64,
);

fn from_tuple(tuple: UserTuple) -> Result<UserRow, StoreError> {
    let (
        id,
        email,
        first_name,
        last_name,
        password_hash,
        global_key_mac,
        global_key_enabled,
        global_key_sealed,
        created_at,
        modified_at,
        second_factors,
    ) = tuple;
    let name = |name: Option<String>| name.map(|name| parsed("name", &name)).transpose();
    Ok(UserRow {
        id: parsed("user id", &id)?,
        email: parsed("e-mail address", &email)?,
        first_name: name(first_name)?,
        last_name: name(last_name)?,
        password_hash,
        global_key_mac,
        global_key_enabled: global_key_enabled != 0,
        global_key_sealed,
        has_second_factor: second_factors > 0,
        created_at: Timestamp::from_micros(created_at),
        modified_at: Timestamp::from_micros(modified_at),
    })
}
