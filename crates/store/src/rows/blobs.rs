//! Contents of modules and of static assets, stored once under their SHA-256.

use coffer_types::Digest;

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;

/// Keeps a content unless it is kept already.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn insert(tx: &mut Tx<'_>, digest: Digest, content: &[u8]) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO blobs (digest, content) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING",
        digest.to_string(),
        content.to_vec()
    );
    Ok(())
}

/// The content with this digest.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(rows: &mut impl Rows, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
    on!(rows, connection => {
        Ok(sqlx::query_scalar("SELECT content FROM blobs WHERE digest = $1")
            .bind(digest.to_string())
            .fetch_optional(connection)
            .await?)
    })
}

/// Removes those of these contents that no version has any more and no account has uploaded.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete_unused(tx: &mut Tx<'_>, digests: &[Digest]) -> Result<(), StoreError> {
    for digest in digests {
        execute!(
            tx,
            "DELETE FROM blobs WHERE digest = $1 \
                 AND NOT EXISTS (SELECT 1 FROM version_blobs WHERE digest = $1) \
                 AND NOT EXISTS (SELECT 1 FROM pages_deployment_blobs WHERE digest = $1) \
                 AND NOT EXISTS (SELECT 1 FROM manifest_blobs WHERE digest = $1) \
                 AND NOT EXISTS (SELECT 1 FROM account_assets WHERE digest = $1)",
            digest.to_string()
        );
    }
    Ok(())
}
