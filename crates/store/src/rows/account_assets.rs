//! Files of static assets that accounts have uploaded, by the hashes that their clients gave them.

use coffer_types::{AccountId, Digest, Timestamp};

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::{blobs, parsed, to_json};

/// How long a file stays at least that was sent or asked about, in microseconds: two hours. An upload lasts for one, and
/// what it is for may take a while to be written.
const UPLOAD_MICROS: i64 = 2 * 3600 * 1_000_000;
/// How long a file stays that no deployment ever named, in microseconds: a day.
const UNUSED_KEPT_MICROS: i64 = 24 * 3600 * 1_000_000;
/// Unused files that are removed with a new upload.
const MAX_FILES_SWEPT: u32 = 500;

/// What a file was sent for. A file's media type is its sender's, and who may deploy the one may not deploy the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssetProduct {
    /// Workers.
    Workers,
    /// Pages projects.
    Pages,
}

impl AssetProduct {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Workers => "workers",
            Self::Pages => "pages",
        }
    }
}

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
    /// Whether the hash was found to be that of the content, as it is of every file for Workers. Only then does no other
    /// take its place.
    pub verified: bool,
}

/// Keeps a file with its content. One that is not verified takes the place of none that is. The content that is not
/// used then goes, unless something else has it.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub(crate) async fn keep(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    product: AssetProduct,
    (file, content): (&AccountAssetRow, &[u8]),
    at: Timestamp,
) -> Result<(), StoreError> {
    let previous = digest_of(tx, account_id, product, &file.client_hash).await?;
    blobs::insert(tx, file.digest, content).await?;
    execute!(
        tx,
        "INSERT INTO account_assets \
             (account_id, product, client_hash, digest, size, content_type, stored_at, verified) \
             SELECT id, $2, $3, $4, $5, $6, $7, $8 FROM accounts WHERE id = $1 \
             ON CONFLICT (account_id, product, client_hash) DO UPDATE SET digest = excluded.digest, \
             size = excluded.size, content_type = excluded.content_type, stored_at = excluded.stored_at, \
             verified = excluded.verified WHERE excluded.verified >= account_assets.verified",
        account_id.to_string(),
        product.as_str(),
        file.client_hash.clone(),
        file.digest.to_string(),
        i64::try_from(file.size).unwrap_or(i64::MAX),
        file.content_type.clone(),
        at.as_micros(),
        i64::from(file.verified)
    );
    // The account may be gone by now, or the file verified.
    blobs::delete_unused(tx, &[file.digest]).await?;
    if let Some(previous) = previous.filter(|previous| *previous != file.digest) {
        blobs::delete_unused(tx, &[previous]).await?;
    }
    Ok(())
}

async fn digest_of(
    rows: &mut impl Rows,
    account_id: AccountId,
    product: AssetProduct,
    client_hash: &str,
) -> Result<Option<Digest>, StoreError> {
    let found: Option<String> = on!(rows, connection => {
        sqlx::query_scalar(
            "SELECT digest FROM account_assets WHERE account_id = $1 AND product = $2 AND client_hash = $3",
        )
        .bind(account_id.to_string())
        .bind(product.as_str())
        .bind(client_hash)
        .fetch_optional(connection)
        .await?
    });
    found.map(|text| parsed("digest", &text)).transpose()
}

/// Keeps those of an account's files with these hashes a while longer, because somebody is about to deploy them.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub(crate) async fn refresh(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    product: AssetProduct,
    client_hashes: &[String],
    at: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "UPDATE account_assets SET stored_at = $4 WHERE account_id = $1 AND product = $2 \
             AND client_hash IN (SELECT value FROM json_each($3)) AND stored_at < $4",
        account_id.to_string(),
        product.as_str(),
        to_json("hashes", &client_hashes)?,
        at.as_micros()
    );
    Ok(())
}

/// Every file that an account has sent for a product.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_account(
    rows: &mut impl Rows,
    account_id: AccountId,
    product: AssetProduct,
) -> Result<Vec<AccountAssetRow>, StoreError> {
    let found: Vec<(String, String, i64, Option<String>, bool)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT client_hash, digest, size, content_type, verified FROM account_assets \
             WHERE account_id = $1 AND product = $2",
        )
        .bind(account_id.to_string())
        .bind(product.as_str())
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

/// Takes files of Pages for what their hashes say.
pub(crate) async fn mark_verified(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    files: &[(String, Digest)],
) -> Result<(), StoreError> {
    for (client_hash, digest) in files {
        execute!(
            tx,
            "UPDATE account_assets SET verified = 1 \
                 WHERE account_id = $1 AND product = $4 AND client_hash = $2 AND digest = $3",
            account_id.to_string(),
            client_hash.clone(),
            digest.to_string(),
            AssetProduct::Pages.as_str()
        );
    }
    Ok(())
}

/// Forgets files of Pages that are not what their hashes say. Contents that nothing else has go with them.
pub(crate) async fn delete_unverified(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    files: &[(String, Digest)],
) -> Result<(), StoreError> {
    for (client_hash, digest) in files {
        execute!(
            tx,
            "DELETE FROM account_assets \
                 WHERE account_id = $1 AND product = $4 AND client_hash = $2 AND digest = $3 AND verified = 0",
            account_id.to_string(),
            client_hash.clone(),
            digest.to_string(),
            AssetProduct::Pages.as_str()
        );
        blobs::delete_unused(tx, &[*digest]).await?;
    }
    Ok(())
}

/// Removes those of an account's files with these contents that no manifest names, but for those that an upload may
/// still count on. Their contents stay.
pub(crate) async fn delete_unused(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    digests: &[Digest],
    now: Timestamp,
) -> Result<(), StoreError> {
    for digest in digests {
        execute!(
            tx,
            "DELETE FROM account_assets WHERE account_id = $1 AND digest = $2 AND stored_at <= $3 \
                 AND NOT EXISTS (SELECT 1 FROM manifest_blobs WHERE digest = $2)",
            account_id.to_string(),
            digest.to_string(),
            now.plus_micros(-UPLOAD_MICROS).as_micros()
        );
    }
    Ok(())
}

/// Removes at most [`MAX_FILES_SWEPT`] files with their contents that nobody has sent or asked about for
/// [`UNUSED_KEPT_MICROS`] and that no manifest names.
pub(crate) async fn sweep(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let found: Vec<(String, String)> = on!(tx, connection => {
        sqlx::query_as(
            "SELECT account_id, digest FROM account_assets WHERE stored_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM manifest_blobs WHERE digest = account_assets.digest) \
             ORDER BY stored_at LIMIT $2",
        )
        .bind(now.plus_micros(-UNUSED_KEPT_MICROS).as_micros())
        .bind(i64::from(MAX_FILES_SWEPT))
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
