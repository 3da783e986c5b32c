//! How much secrets are used, for lists: asked at once for all that one page shows.

use std::fmt::Write;

use coffer_types::{AccountId, SecretId, Timestamp};

use crate::connection::{Rows, on};
use crate::error::StoreError;
use crate::rows::{parsed, unsigned};

/// How much a secret is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UseRow {
    /// The secret.
    pub id: SecretId,
    /// When it was last read; `None` if it never was.
    pub last_read_at: Option<Timestamp>,
    /// How many Workers have a version that binds it.
    pub workers: u32,
    /// How many of them send traffic to such a version.
    pub serving: u32,
}

/// How much these secrets of an account are used, in no order; those that are gone, or another account's, are left
/// out.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of(
    rows: &mut impl Rows,
    account_id: AccountId,
    ids: &[SecretId],
) -> Result<Vec<UseRow>, StoreError> {
    const BEGIN: &str = "SELECT secrets.id, secrets.last_read_at, secrets.workers, \
        (SELECT count(DISTINCT versions.worker_id) FROM version_secrets \
         JOIN versions ON versions.id = version_secrets.version_id \
         JOIN deployments ON deployments.worker_id = versions.worker_id AND deployments.number = \
             (SELECT max(number) FROM deployments WHERE worker_id = versions.worker_id) \
         WHERE version_secrets.store_id = secrets.store_id AND version_secrets.secret_name = secrets.name \
         AND deployments.split LIKE '%' || versions.id || '%') \
        FROM secrets WHERE secrets.account_id = $1 AND secrets.id IN (";
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = BEGIN.to_owned();
    for place in 2..ids.len() + 2 {
        // Writing to a string does not fail.
        let _ = write!(sql, "{}${place}", if place == 2 { "" } else { ", " });
    }
    sql.push(')');
    let found: Vec<(String, i64, i64, i64)> = on!(rows, connection => {
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(account_id.to_string());
        for id in ids {
            query = query.bind(id.to_string());
        }
        query.fetch_all(connection).await?
    });
    let used = |(id, last_read_at, workers, serving): (String, i64, i64, i64)| {
        Ok(UseRow {
            id: parsed("secret id", &id)?,
            last_read_at: (last_read_at > 0).then(|| Timestamp::from_micros(last_read_at)),
            workers: unsigned("count of Workers", workers)?,
            serving: unsigned("count of Workers", serving)?,
        })
    };
    found.into_iter().map(used).collect()
}
