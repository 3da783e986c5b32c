//! Files of static assets that accounts have uploaded, by the hashes that their clients gave them.

use coffer_types::{AccountId, Digest, Timestamp};

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::{blobs, parsed};

/// A file that an account has uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountAssetRow {
    /// The client's hash of it.
    pub client_hash: String,
    /// The address of its content.
    pub digest: Digest,
    /// Its content's length in bytes.
    pub size: u64,
    /// The media type to serve it as.
    pub content_type: Option<String>,
    /// Whether the hash was found to be that of the content. Only then is it a file of the account's for everyone
    /// who may deploy.
    pub verified: bool,
}

/// Keeps a file with its content. One that is not verified takes the place of none that is.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub(crate) async fn keep(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    file: &AccountAssetRow,
    content: &[u8],
    at: Timestamp,
) -> Result<(), StoreError> {
    blobs::insert(tx, file.digest, content).await?;
    execute!(
        tx,
        "INSERT INTO account_assets (account_id, client_hash, digest, size, content_type, stored_at, verified) \
             SELECT id, $2, $3, $4, $5, $6, $7 FROM accounts WHERE id = $1 \
             ON CONFLICT (account_id, client_hash) DO UPDATE SET digest = excluded.digest, size = excluded.size, \
             content_type = excluded.content_type, stored_at = excluded.stored_at, verified = excluded.verified \
             WHERE excluded.verified >= account_assets.verified",
        account_id.to_string(),
        file.client_hash.clone(),
        file.digest.to_string(),
        i64::try_from(file.size).unwrap_or(i64::MAX),
        file.content_type.clone(),
        at.as_micros(),
        i64::from(file.verified)
    );
    Ok(())
}

/// Every file of an account.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_account(
    rows: &mut impl Rows,
    account_id: AccountId,
) -> Result<Vec<AccountAssetRow>, StoreError> {
    let found: Vec<(String, String, i64, Option<String>, bool)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT client_hash, digest, size, content_type, verified FROM account_assets WHERE account_id = $1",
        )
        .bind(account_id.to_string())
        .fetch_all(connection)
        .await?
    });
    let row = |(client_hash, digest, size, content_type, verified): (String, String, i64, _, _)| {
        Ok(AccountAssetRow {
            client_hash,
            digest: parsed("digest", &digest)?,
            size: u64::try_from(size).map_err(|error| StoreError::damaged("size", error))?,
            content_type,
            verified,
        })
    };
    found.into_iter().map(row).collect()
}

/// Takes files for what their hashes say.
pub(crate) async fn mark_verified(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    files: &[(String, Digest)],
) -> Result<(), StoreError> {
    for (client_hash, digest) in files {
        execute!(
            tx,
            "UPDATE account_assets SET verified = 1 WHERE account_id = $1 AND client_hash = $2 AND digest = $3",
            account_id.to_string(),
            client_hash.clone(),
            digest.to_string()
        );
    }
    Ok(())
}

/// Forgets files that are not what their hashes say. Contents that nothing else has go with them.
pub(crate) async fn delete_unverified(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    files: &[(String, Digest)],
) -> Result<(), StoreError> {
    for (client_hash, digest) in files {
        execute!(
            tx,
            "DELETE FROM account_assets WHERE account_id = $1 AND client_hash = $2 AND digest = $3 AND verified = 0",
            account_id.to_string(),
            client_hash.clone(),
            digest.to_string()
        );
        blobs::delete_unused(tx, &[*digest]).await?;
    }
    Ok(())
}

/// Removes those of an account's files with these contents that no manifest names, unless an upload of the account
/// is open. Their contents stay.
pub(crate) async fn delete_unused(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    digests: &[Digest],
    now: Timestamp,
) -> Result<(), StoreError> {
    for digest in digests {
        execute!(
            tx,
            "DELETE FROM account_assets WHERE account_id = $1 AND digest = $2 \
                 AND NOT EXISTS (SELECT 1 FROM manifest_blobs WHERE digest = $2) \
                 AND NOT EXISTS (SELECT 1 FROM asset_sessions WHERE account_id = $1 AND expires_at > $3)",
            account_id.to_string(),
            digest.to_string(),
            now.as_micros()
        );
    }
    Ok(())
}

/// Removes at most `limit` files with their contents that were stored before a moment and that no manifest names,
/// of accounts without an open upload.
pub(crate) async fn sweep(
    tx: &mut Tx<'_>,
    before: Timestamp,
    now: Timestamp,
    limit: u32,
) -> Result<(), StoreError> {
    let found: Vec<(String, String)> = on!(tx, connection => {
        sqlx::query_as(
            "SELECT account_id, digest FROM account_assets WHERE stored_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM manifest_blobs WHERE digest = account_assets.digest) \
             AND NOT EXISTS (SELECT 1 FROM asset_sessions \
                 WHERE account_id = account_assets.account_id AND expires_at > $2) \
             ORDER BY stored_at LIMIT $3",
        )
        .bind(before.as_micros())
        .bind(now.as_micros())
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?
    });
    for (account_id, digest) in found {
        let digest: Digest = parsed("digest", &digest)?;
        let account_id = parsed("account id", &account_id)?;
        delete_unused(tx, account_id, &[digest], now).await?;
        blobs::delete_unused(tx, &[digest]).await?;
    }
    Ok(())
}
