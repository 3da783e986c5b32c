//! Uploads of static assets that have begun.

use coffer_types::{AccountId, Timestamp, WorkerName};

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::parsed;

/// Open uploads of one account; one more ends the oldest.
const MAX_SESSIONS_PER_ACCOUNT: u32 = 50;

/// An upload that has begun.
#[derive(Clone, Debug)]
pub struct AssetSessionRow {
    /// 32 hexadecimal digits.
    pub id: String,
    /// The account.
    pub account_id: AccountId,
    /// The Worker that the files are for; it need not be there yet.
    pub worker_name: WorkerName,
    /// The manifest as the client sent it, as JSON.
    pub manifest: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Keeps a new upload, and removes those that have run out.
pub(crate) async fn keep(tx: &mut Tx<'_>, session: &AssetSessionRow) -> Result<(), StoreError> {
    let now = session.created_at;
    execute!(
        tx,
        "DELETE FROM asset_sessions WHERE expires_at <= $1",
        now.as_micros()
    );
    execute!(
        tx,
        "INSERT INTO asset_sessions (id, account_id, worker_name, manifest, created_at, expires_at) \
             SELECT $2, id, $3, $4, $5, $6 FROM accounts WHERE id = $1",
        session.account_id.to_string(),
        session.id.clone(),
        session.worker_name.as_str(),
        session.manifest.clone(),
        now.as_micros(),
        session.expires_at.as_micros()
    );
    execute!(
        tx,
        "DELETE FROM asset_sessions WHERE account_id = $1 AND id NOT IN \
             (SELECT id FROM asset_sessions WHERE account_id = $1 ORDER BY created_at DESC, id LIMIT $2)",
        session.account_id.to_string(),
        i64::from(MAX_SESSIONS_PER_ACCOUNT)
    );
    Ok(())
}

/// The account's upload with this id.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(
    rows: &mut impl Rows,
    account_id: AccountId,
    id: &str,
) -> Result<Option<AssetSessionRow>, StoreError> {
    let found: Option<(String, String, i64, i64)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT worker_name, manifest, created_at, expires_at FROM asset_sessions \
             WHERE id = $1 AND account_id = $2",
        )
        .bind(id)
        .bind(account_id.to_string())
        .fetch_optional(connection)
        .await?
    });
    let row = |(worker_name, manifest, created_at, expires_at): (String, _, _, _)| {
        Ok(AssetSessionRow {
            id: id.to_owned(),
            account_id,
            worker_name: parsed("worker name", &worker_name)?,
            manifest,
            created_at: Timestamp::from_micros(created_at),
            expires_at: Timestamp::from_micros(expires_at),
        })
    };
    found.map(row).transpose()
}
