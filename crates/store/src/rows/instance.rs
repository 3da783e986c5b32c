//! The database's identity and its master keys.

use coffer_types::Timestamp;

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::unsigned;

/// A master key, wrapped under the root key.
#[derive(Clone, Debug)]
pub struct MasterKeyRow {
    /// Counts master keys, from 1.
    pub version: u32,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
}

/// Keeps a master key as it is wrapped now.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn rewrap_master_key(tx: &mut Tx<'_>, key: &MasterKeyRow) -> Result<(), StoreError> {
    execute!(
        tx,
        "UPDATE master_keys SET wrapped = $2 WHERE version = $1",
        i64::from(key.version),
        key.wrapped.clone()
    );
    Ok(())
}

/// When each master key was made, oldest first.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn master_key_times(rows: &mut impl Rows) -> Result<Vec<(u32, Timestamp)>, StoreError> {
    let found: Vec<(i64, i64)> = on!(rows, connection => {
        sqlx::query_as("SELECT version, created_at FROM master_keys ORDER BY version")
            .fetch_all(connection)
            .await?
    });
    let time = |(version, created_at)| {
        let version = unsigned("master key version", version)?;
        Ok((version, Timestamp::from_micros(created_at)))
    };
    found.into_iter().map(time).collect()
}

/// Gives the database its identity.
///
/// # Errors
/// [`StoreError::Taken`] if it has one.
pub async fn insert(tx: &mut Tx<'_>, id: &str, now: Timestamp) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO instance (only_row, id, created_at) VALUES (1, $1, $2)",
        id.to_owned(),
        now.as_micros()
    );
    Ok(())
}

/// The database's identity, once it has one.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn id(rows: &mut impl Rows) -> Result<Option<String>, StoreError> {
    on!(rows, connection => {
        Ok(sqlx::query_scalar("SELECT id FROM instance").fetch_optional(connection).await?)
    })
}

/// Keeps a master key.
///
/// # Errors
/// [`StoreError::Taken`] if the version exists.
pub async fn insert_master_key(
    tx: &mut Tx<'_>,
    key: &MasterKeyRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO master_keys (version, wrapped, created_at) VALUES ($1, $2, $3)",
        i64::from(key.version),
        key.wrapped.clone(),
        now.as_micros()
    );
    Ok(())
}

/// Every master key, oldest first.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn master_keys(rows: &mut impl Rows) -> Result<Vec<MasterKeyRow>, StoreError> {
    let found: Vec<(i64, Vec<u8>)> = on!(rows, connection => {
        sqlx::query_as("SELECT version, wrapped FROM master_keys ORDER BY version").fetch_all(connection).await?
    });
    found
        .into_iter()
        .map(|(version, wrapped)| {
            Ok(MasterKeyRow {
                version: unsigned("master key version", version)?,
                wrapped,
            })
        })
        .collect()
}
