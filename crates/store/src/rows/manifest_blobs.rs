//! Which files a manifest of static assets names. A manifest is a blob itself.

use coffer_types::{AccountId, Digest, Timestamp};

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::{account_assets, blobs, parsed};

/// Keeps a manifest with its references to files, which must be kept already.
///
/// # Errors
/// [`StoreError`] if the database fails, or a file is not there.
pub async fn insert(
    tx: &mut Tx<'_>,
    manifest: Digest,
    content: &[u8],
    files: &[Digest],
) -> Result<(), StoreError> {
    blobs::insert(tx, manifest, content).await?;
    for file in files {
        execute!(
            tx,
            "INSERT INTO manifest_blobs (manifest, digest) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            manifest.to_string(),
            file.to_string()
        );
    }
    Ok(())
}

/// Removes those of these manifests that no version has any more, with the files of an account that nothing else
/// names and no upload waits for.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete_unused(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    manifests: &[Digest],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut files = Vec::new();
    for manifest in manifests {
        files.extend(files_of(tx, *manifest).await?);
    }
    files.sort_unstable();
    files.dedup();
    blobs::delete_unused(tx, manifests).await?;
    account_assets::delete_unused(tx, account_id, &files, now).await?;
    blobs::delete_unused(tx, &files).await
}

async fn files_of(rows: &mut impl Rows, manifest: Digest) -> Result<Vec<Digest>, StoreError> {
    let found: Vec<String> = on!(rows, connection => {
        sqlx::query_scalar("SELECT digest FROM manifest_blobs WHERE manifest = $1")
            .bind(manifest.to_string())
            .fetch_all(connection)
            .await?
    });
    found.iter().map(|text| parsed("digest", text)).collect()
}
