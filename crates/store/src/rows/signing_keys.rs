//! Keys that sign checkpoints of the audit log, wrapped.

use coffer_types::Timestamp;

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::unsigned;

/// A signing key, wrapped under a master key.
#[derive(Clone, Debug)]
pub struct SigningKeyRow {
    /// Counts signing keys, from 1.
    pub version: u32,
    /// Under which master key.
    pub master_version: u32,
    /// The wrapped seed.
    pub wrapped: Vec<u8>,
    /// The public key that belongs to it.
    pub public_key: Vec<u8>,
}

/// Keeps a signing key.
///
/// # Errors
/// [`StoreError::Taken`] if the version exists.
pub async fn insert(
    tx: &mut Tx<'_>,
    key: &SigningKeyRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO signing_keys (version, master_version, wrapped, public_key, created_at) \
             VALUES ($1, $2, $3, $4, $5)",
        i64::from(key.version),
        i64::from(key.master_version),
        key.wrapped.clone(),
        key.public_key.clone(),
        now.as_micros()
    );
    Ok(())
}

/// The newest signing key, if there is one.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn newest(rows: &mut impl Rows) -> Result<Option<SigningKeyRow>, StoreError> {
    let found: Option<(i64, i64, Vec<u8>, Vec<u8>)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT version, master_version, wrapped, public_key FROM signing_keys ORDER BY version DESC LIMIT 1",
        )
        .fetch_optional(connection)
        .await?
    });
    found
        .map(|(version, master_version, wrapped, public_key)| {
            Ok(SigningKeyRow {
                version: unsigned("signing key version", version)?,
                master_version: unsigned("master key version", master_version)?,
                wrapped,
                public_key,
            })
        })
        .transpose()
}
