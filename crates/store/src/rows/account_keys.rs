//! Accounts' keys, wrapped, with what their operator asks about them.

use coffer_types::{AccountId, Timestamp, WrappedAccountKey};

use crate::cache::Touched;
use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::{parsed, unsigned};

/// An account's key as it is kept.
#[derive(Clone, Debug)]
pub struct AccountKeyRow {
    /// Whose it is.
    pub account_id: AccountId,
    /// The key.
    pub key: WrappedAccountKey,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Keeps a key of an account.
///
/// # Errors
/// [`StoreError::Taken`] if the account has one of this version, [`StoreError::Orphan`] if it or the master key is
/// gone.
pub async fn insert(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    key: &WrappedAccountKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO account_keys (account_id, version, master_version, wrapped, created_at) \
             VALUES ($1, $2, $3, $4, $5)",
        account_id.to_string(),
        i64::from(key.version),
        i64::from(key.master_version),
        key.wrapped.clone(),
        now.as_micros()
    );
    tx.touch(Touched::Account(account_id));
    Ok(())
}

/// Keeps a key as it is wrapped now.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn rewrap(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    key: &WrappedAccountKey,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "UPDATE account_keys SET master_version = $3, wrapped = $4 WHERE account_id = $1 AND version = $2",
        account_id.to_string(),
        i64::from(key.version),
        i64::from(key.master_version),
        key.wrapped.clone()
    );
    tx.touch(Touched::Account(account_id));
    Ok(())
}

/// Every key of every account, by account and growing version.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn all(rows: &mut impl Rows) -> Result<Vec<AccountKeyRow>, StoreError> {
    let found: Vec<(String, i64, i64, Vec<u8>, i64)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT account_id, version, master_version, wrapped, created_at FROM account_keys \
             ORDER BY account_id, version",
        )
        .fetch_all(connection)
        .await?
    });
    let row = |(account_id, version, master_version, wrapped, created_at): (
        String,
        i64,
        i64,
        Vec<u8>,
        i64,
    )| {
        Ok(AccountKeyRow {
            account_id: parsed("account id", &account_id)?,
            key: WrappedAccountKey {
                version: unsigned("account key version", version)?,
                master_version: unsigned("master key version", master_version)?,
                wrapped,
            },
            created_at: Timestamp::from_micros(created_at),
        })
    };
    found.into_iter().map(row).collect()
}
