//! Versions of Workers. A version never changes.

use std::collections::BTreeMap;

use coffer_types::{
    AccountId, Assets, Binding, Email, Format, Module, ModuleName, Timestamp, VersionId, WorkerId,
};
use serde::{Deserialize, Serialize};

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::{Slice, from_json, parsed, secret_workers, to_json, unsigned, version_secrets};

/// A version of a Worker.
#[derive(Clone, Debug)]
pub struct VersionRow {
    /// The version.
    pub id: VersionId,
    /// Its Worker.
    pub worker_id: WorkerId,
    /// Counts the Worker's versions, from 1.
    pub number: u32,
    /// Everything else.
    pub facts: VersionFacts,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Everything immutable about a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionFacts {
    /// The module whose default export handles requests; `None` for a draft without code.
    pub main_module: Option<ModuleName>,
    /// Its modules.
    pub modules: Vec<Module>,
    /// Its bindings.
    pub bindings: Vec<Binding>,
    /// `YYYY-MM-DD`; `None` if the client named none.
    pub compatibility_date: Option<String>,
    /// Exceptions to that date.
    pub compatibility_flags: Vec<String>,
    /// `workers/message` and the like.
    pub annotations: BTreeMap<String, String>,
    /// Which client made it: `wrangler`, `api`, `dash`…
    pub source: String,
    /// Who made it.
    pub author_id: String,
    /// The author's address.
    pub author_email: Option<Email>,
    /// A digest of its code.
    pub etag: String,
    /// The handlers of its default export.
    pub handlers: Vec<String>,
    /// How long it took to start when it was tried.
    pub startup_time_ms: u32,
    /// `limits` as the client set them; kept and returned, not enforced.
    #[serde(default)]
    pub limits: Option<serde_json::Value>,
    /// `placement` as the client set it; kept and returned.
    #[serde(default)]
    pub placement: Option<serde_json::Value>,
    /// How its code is written.
    #[serde(default)]
    pub format: Format,
    /// Its static files.
    #[serde(default)]
    pub assets: Option<Assets>,
}

/// Keeps a new version with its references to blobs and to secrets of stores.
///
/// # Errors
/// [`StoreError::Taken`] if the number is.
pub async fn insert(tx: &mut Tx<'_>, version: &VersionRow) -> Result<(), StoreError> {
    let facts = to_json("version", &version.facts)?;
    execute!(
        tx,
        "INSERT INTO versions (id, worker_id, number, facts, created_at) VALUES ($1, $2, $3, $4, $5)",
        version.id.to_string(),
        version.worker_id.to_string(),
        i64::from(version.number),
        facts,
        version.created_at.as_micros()
    );
    let modules = version.facts.modules.iter().map(|module| module.digest);
    let manifest = version.facts.assets.iter().map(|assets| assets.manifest);
    for digest in modules.chain(manifest) {
        execute!(
            tx,
            "INSERT INTO version_blobs (version_id, digest) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            version.id.to_string(),
            digest.to_string()
        );
    }
    version_secrets::insert_of(tx, version).await?;
    secret_workers::add_of(tx, version).await
}

/// Removes a version with its references to blobs and to secrets of stores. What it alone referred to stays until its
/// own statements remove it.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete(tx: &mut Tx<'_>, id: VersionId) -> Result<(), StoreError> {
    secret_workers::remove_of_version(tx, id).await?;
    execute!(tx, "DELETE FROM versions WHERE id = $1", id.to_string());
    Ok(())
}

/// The Worker's version with this id.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(
    rows: &mut impl Rows,
    worker_id: WorkerId,
    id: VersionId,
) -> Result<Option<VersionRow>, StoreError> {
    let found: Option<VersionTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, worker_id, number, facts, created_at FROM versions WHERE id = $1 AND worker_id = $2",
        )
        .bind(id.to_string())
        .bind(worker_id.to_string())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// The version with this id, of whichever Worker.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find_any(
    rows: &mut impl Rows,
    id: VersionId,
) -> Result<Option<VersionRow>, StoreError> {
    let found: Option<VersionTuple> = on!(rows, connection => {
        sqlx::query_as("SELECT id, worker_id, number, facts, created_at FROM versions WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(connection)
            .await?
    });
    found.map(from_tuple).transpose()
}

/// The numbers of these versions of an account's Workers; those of others are left out.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn numbers(
    rows: &mut impl Rows,
    account_id: AccountId,
    ids: &[VersionId],
) -> Result<Vec<(VersionId, u32)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (2..ids.len() + 2)
        .map(|place| format!("${place}"))
        .collect();
    let sql = format!(
        "SELECT versions.id, versions.number FROM versions JOIN workers ON workers.id = versions.worker_id \
         WHERE workers.account_id = $1 AND versions.id IN ({})",
        places.join(", ")
    );
    let found: Vec<(String, i64)> = on!(rows, connection => {
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(account_id.to_string());
        for id in ids {
            query = query.bind(id.to_string());
        }
        query.fetch_all(connection).await?
    });
    let numbered = |(id, number): (String, i64)| {
        Ok((
            parsed("version id", &id)?,
            unsigned("version number", number)?,
        ))
    };
    found.into_iter().map(numbered).collect()
}

/// The Worker's newest version.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn latest(
    rows: &mut impl Rows,
    worker_id: WorkerId,
) -> Result<Option<VersionRow>, StoreError> {
    let (found, _) = list(
        rows,
        worker_id,
        Slice {
            limit: 1,
            offset: 0,
        },
    )
    .await?;
    Ok(found.into_iter().next())
}

/// A slice of the Worker's versions, newest first, and how many there are.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn list(
    rows: &mut impl Rows,
    worker_id: WorkerId,
    slice: Slice,
) -> Result<(Vec<VersionRow>, u32), StoreError> {
    let found: Vec<VersionTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, worker_id, number, facts, created_at FROM versions WHERE worker_id = $1 \
             ORDER BY number DESC LIMIT $2 OFFSET $3",
        )
        .bind(worker_id.to_string())
        .bind(slice.limit_sql())
        .bind(slice.offset_sql())
        .fetch_all(connection)
        .await?
    });
    let total: i64 = on!(rows, connection => {
        sqlx::query_scalar("SELECT count(*) FROM versions WHERE worker_id = $1")
            .bind(worker_id.to_string())
            .fetch_one(connection)
            .await?
    });
    let versions = found
        .into_iter()
        .map(from_tuple)
        .collect::<Result<_, _>>()?;
    Ok((versions, unsigned("count of versions", total)?))
}

/// The ids of the Worker's versions beyond so many newest ones, the oldest first.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn beyond(
    rows: &mut impl Rows,
    worker_id: WorkerId,
    newest: u32,
) -> Result<Vec<VersionId>, StoreError> {
    let found: Vec<String> = on!(rows, connection => {
        sqlx::query_scalar(
            "SELECT id FROM versions WHERE worker_id = $1 AND number < \
                 (SELECT number FROM versions WHERE worker_id = $1 ORDER BY number DESC LIMIT 1 OFFSET $2) \
             ORDER BY number",
        )
        .bind(worker_id.to_string())
        .bind(i64::from(newest.saturating_sub(1)))
        .fetch_all(connection)
        .await?
    });
    found.iter().map(|id| parsed("version id", id)).collect()
}

type VersionTuple = (String, String, i64, String, i64);

fn from_tuple(tuple: VersionTuple) -> Result<VersionRow, StoreError> {
    let (id, worker_id, number, facts, created_at) = tuple;
    Ok(VersionRow {
        id: parsed("version id", &id)?,
        worker_id: parsed("worker id", &worker_id)?,
        number: unsigned("version number", number)?,
        facts: from_json("version", &facts)?,
        created_at: Timestamp::from_micros(created_at),
    })
}
