//! Workers.

use std::collections::BTreeMap;

use coffer_types::{AccountId, Cron, Timestamp, UsageModel, WorkerId, WorkerName};
use serde::{Deserialize, Serialize};

use crate::connection::{Rows, Tx, execute, execute_counted, on};
use crate::error::StoreError;
use crate::rows::{from_json, parsed, secret_workers, to_json, unsigned};

/// A Worker.
#[derive(Clone, Debug)]
pub struct WorkerRow {
    /// The Worker.
    pub id: WorkerId,
    /// The account that owns it.
    pub account_id: AccountId,
    /// Its name, unique in the account.
    pub name: WorkerName,
    /// Whether it answers at its own host name.
    pub subdomain_enabled: bool,
    /// Whether its versions answer at preview host names.
    pub previews_enabled: bool,
    /// Settings that are not part of a version.
    pub settings: WorkerSettings,
    /// The number of its newest version; zero before the first.
    pub last_version: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
}

/// Settings of a Worker that are not part of a version, as clients set them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkerSettings {
    /// Whether trace events are pushed.
    pub logpush: bool,
    /// Labels; `None` until a client sets them.
    pub tags: Option<Vec<String>>,
    /// Workers that consume this one's traces.
    pub tail_consumers: Option<serde_json::Value>,
    /// What is observed.
    pub observability: Option<serde_json::Value>,
    /// When the clock runs it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crons: Vec<CronTrigger>,
    /// The usage model, unless it is the usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_model: Option<UsageModel>,
    /// Milliseconds of computing per request that the user allows; kept and returned, not enforced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u32>,
    /// Anything else that a client set and expects back.
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

/// A schedule of a Worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CronTrigger {
    /// When it comes.
    pub cron: Cron,
    /// Since when the Worker has it.
    pub created_at: Timestamp,
}

/// Makes a Worker if the account's limit allows; `false` if it does not.
///
/// # Errors
/// [`StoreError::Taken`] if the name is.
pub async fn insert(
    tx: &mut Tx<'_>,
    worker: &WorkerRow,
    max_workers: u32,
) -> Result<bool, StoreError> {
    let settings = to_json("worker settings", &worker.settings)?;
    let done = execute_counted!(
        tx,
        "INSERT INTO workers (id, account_id, name, subdomain_enabled, previews_enabled, settings, \
             last_version, created_at, modified_at) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 \
             WHERE (SELECT count(*) FROM workers WHERE account_id = $2) < $10",
        worker.id.to_string(),
        worker.account_id.to_string(),
        worker.name.as_str().to_owned(),
        i64::from(worker.subdomain_enabled),
        i64::from(worker.previews_enabled),
        settings,
        i64::from(worker.last_version),
        worker.created_at.as_micros(),
        worker.modified_at.as_micros(),
        i64::from(max_workers)
    );
    Ok(done == 1)
}

/// Writes a Worker's settings and counters.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn update(tx: &mut Tx<'_>, worker: &WorkerRow) -> Result<(), StoreError> {
    let settings = to_json("worker settings", &worker.settings)?;
    execute!(
        tx,
        "UPDATE workers SET subdomain_enabled = $2, previews_enabled = $3, settings = $4, \
             last_version = $5, modified_at = $6 WHERE id = $1",
        worker.id.to_string(),
        i64::from(worker.subdomain_enabled),
        i64::from(worker.previews_enabled),
        settings,
        i64::from(worker.last_version),
        worker.modified_at.as_micros()
    );
    Ok(())
}

/// Removes a Worker with its versions, deployments and secrets.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete(tx: &mut Tx<'_>, id: WorkerId) -> Result<(), StoreError> {
    secret_workers::remove_of_worker(tx, id).await?;
    execute!(tx, "DELETE FROM workers WHERE id = $1", id.to_string());
    Ok(())
}

/// The account's Worker with this name.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn with_name(
    rows: &mut impl Rows,
    account_id: AccountId,
    name: &WorkerName,
) -> Result<Option<WorkerRow>, StoreError> {
    let found: Option<WorkerTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, name, subdomain_enabled, previews_enabled, settings, last_version, \
             created_at, modified_at FROM workers WHERE account_id = $1 AND name = $2",
        )
        .bind(account_id.to_string())
        .bind(name.as_str().to_owned())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// The Worker with this id, of whichever account.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(rows: &mut impl Rows, id: WorkerId) -> Result<Option<WorkerRow>, StoreError> {
    let found: Option<WorkerTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, name, subdomain_enabled, previews_enabled, settings, last_version, \
             created_at, modified_at FROM workers WHERE id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// The account's Workers by name.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_account(
    rows: &mut impl Rows,
    account_id: AccountId,
) -> Result<Vec<WorkerRow>, StoreError> {
    let found: Vec<WorkerTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, name, subdomain_enabled, previews_enabled, settings, last_version, \
             created_at, modified_at FROM workers WHERE account_id = $1 ORDER BY name",
        )
        .bind(account_id.to_string())
        .fetch_all(connection)
        .await?
    });
    found.into_iter().map(from_tuple).collect()
}

/// How many Workers the account has.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn count_of_account(
    rows: &mut impl Rows,
    account_id: AccountId,
) -> Result<u32, StoreError> {
    let count: i64 = on!(rows, connection => {
        sqlx::query_scalar("SELECT count(*) FROM workers WHERE account_id = $1")
            .bind(account_id.to_string())
            .fetch_one(connection)
            .await?
    });
    unsigned("count of Workers", count)
}

type WorkerTuple = (String, String, String, i64, i64, String, i64, i64, i64);

fn from_tuple(tuple: WorkerTuple) -> Result<WorkerRow, StoreError> {
    let (
        id,
        account_id,
        name,
        subdomain_enabled,
        previews_enabled,
        settings,
        last_version,
        created_at,
        modified_at,
    ) = tuple;
    Ok(WorkerRow {
        id: parsed("worker id", &id)?,
        account_id: parsed("account id", &account_id)?,
        name: parsed("worker name", &name)?,
        subdomain_enabled: subdomain_enabled != 0,
        previews_enabled: previews_enabled != 0,
        settings: from_json("worker settings", &settings)?,
        last_version: unsigned("version number", last_version)?,
        created_at: Timestamp::from_micros(created_at),
        modified_at: Timestamp::from_micros(modified_at),
    })
}
