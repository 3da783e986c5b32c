//! Host names of Workers besides their own.

use coffer_types::{AccountId, Hostname, Timestamp, WorkerHostId, WorkerId};

use crate::connection::{Rows, Tx, execute, execute_counted, on};
use crate::error::StoreError;
use crate::rows::parsed;

/// A host name of a Worker.
#[derive(Clone, Debug)]
pub struct WorkerHostRow {
    /// The place of this host name among all.
    pub id: WorkerHostId,
    /// The account of the Worker.
    pub account_id: AccountId,
    /// The Worker that answers there.
    pub worker_id: WorkerId,
    /// The name, unique in the installation.
    pub host: Hostname,
    /// Whether the Worker answers there.
    pub enabled: bool,
    /// Since when the account has it.
    pub created_at: Timestamp,
}

/// Gives a Worker a host name if the account has fewer than `max_hosts`; `false` if not.
///
/// # Errors
/// [`StoreError::Taken`] if the name is.
pub async fn insert(
    tx: &mut Tx<'_>,
    host: &WorkerHostRow,
    max_hosts: u32,
) -> Result<bool, StoreError> {
    let done = execute_counted!(
        tx,
        "INSERT INTO worker_hosts (id, account_id, worker_id, host, enabled, created_at) \
             SELECT $1, $2, $3, $4, $5, $6 \
             WHERE (SELECT count(*) FROM worker_hosts WHERE account_id = $2) < $7",
        host.id.to_string(),
        host.account_id.to_string(),
        host.worker_id.to_string(),
        host.host.as_str().to_owned(),
        i64::from(host.enabled),
        host.created_at.as_micros(),
        i64::from(max_hosts)
    );
    Ok(done == 1)
}

/// Writes which Worker has a host name and whether it answers there.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn update(tx: &mut Tx<'_>, host: &WorkerHostRow) -> Result<(), StoreError> {
    execute!(
        tx,
        "UPDATE worker_hosts SET worker_id = $2, enabled = $3 WHERE id = $1",
        host.id.to_string(),
        host.worker_id.to_string(),
        i64::from(host.enabled)
    );
    Ok(())
}

/// Frees a host name.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete(tx: &mut Tx<'_>, id: WorkerHostId) -> Result<(), StoreError> {
    execute!(tx, "DELETE FROM worker_hosts WHERE id = $1", id.to_string());
    Ok(())
}

/// The account's host name with this id.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(
    rows: &mut impl Rows,
    account_id: AccountId,
    id: WorkerHostId,
) -> Result<Option<WorkerHostRow>, StoreError> {
    let found: Option<HostTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, worker_id, host, enabled, created_at FROM worker_hosts \
             WHERE account_id = $1 AND id = $2",
        )
        .bind(account_id.to_string())
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// The account's place of this host name.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn with_host(
    rows: &mut impl Rows,
    account_id: AccountId,
    host: &Hostname,
) -> Result<Option<WorkerHostRow>, StoreError> {
    let found: Option<HostTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, worker_id, host, enabled, created_at FROM worker_hosts \
             WHERE account_id = $1 AND host = $2",
        )
        .bind(account_id.to_string())
        .bind(host.as_str().to_owned())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// The account's host names, in their order.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_account(
    rows: &mut impl Rows,
    account_id: AccountId,
) -> Result<Vec<WorkerHostRow>, StoreError> {
    let found: Vec<HostTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, worker_id, host, enabled, created_at FROM worker_hosts \
             WHERE account_id = $1 ORDER BY host",
        )
        .bind(account_id.to_string())
        .fetch_all(connection)
        .await?
    });
    found.into_iter().map(from_tuple).collect()
}

/// The Worker's host names, in their order.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_worker(
    rows: &mut impl Rows,
    worker_id: WorkerId,
) -> Result<Vec<WorkerHostRow>, StoreError> {
    let found: Vec<HostTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, worker_id, host, enabled, created_at FROM worker_hosts \
             WHERE worker_id = $1 ORDER BY host",
        )
        .bind(worker_id.to_string())
        .fetch_all(connection)
        .await?
    });
    found.into_iter().map(from_tuple).collect()
}

/// Whether another account has a host name or a route at this host or, if `any_below`, below it; or routes for all
/// below a name that this host is at or below.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn is_claimed_by_others(
    rows: &mut impl Rows,
    account_id: AccountId,
    host: &Hostname,
    any_below: bool,
) -> Result<bool, StoreError> {
    // Host names have no character that LIKE knows.
    let count: i64 = on!(rows, connection => {
        sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM worker_hosts WHERE account_id <> $1 \
                 AND (host = $2 OR ($3 = 1 AND host LIKE '%.' || $2))) \
             + (SELECT count(*) FROM worker_routes WHERE account_id <> $1 \
                 AND (host = $2 OR ($3 = 1 AND host LIKE '%.' || $2) \
                     OR (any_host = 1 AND $2 LIKE '%.' || host)))",
        )
        .bind(account_id.to_string())
        .bind(host.as_str().to_owned())
        .bind(i64::from(any_below))
        .fetch_one(connection)
        .await?
    });
    Ok(count > 0)
}

type HostTuple = (String, String, String, String, i64, i64);

fn from_tuple(tuple: HostTuple) -> Result<WorkerHostRow, StoreError> {
    let (id, account_id, worker_id, host, enabled, created_at) = tuple;
    Ok(WorkerHostRow {
        id: parsed("host id", &id)?,
        account_id: parsed("account id", &account_id)?,
        worker_id: parsed("worker id", &worker_id)?,
        host: parsed("host name", &host)?,
        enabled: enabled != 0,
        created_at: Timestamp::from_micros(created_at),
    })
}
