//! Routes to Workers: patterns of hosts and paths.

use coffer_types::{AccountId, RoutePattern, Timestamp, WorkerId, WorkerRouteId};

use crate::connection::{Rows, Tx, execute, execute_counted, on};
use crate::error::StoreError;
use crate::rows::parsed;

/// A route to a Worker.
#[derive(Clone, Debug)]
pub struct WorkerRouteRow {
    /// The route.
    pub id: WorkerRouteId,
    /// The account of the Worker.
    pub account_id: AccountId,
    /// The Worker that answers.
    pub worker_id: WorkerId,
    /// What it answers, unique in the installation.
    pub pattern: RoutePattern,
    /// Since when the Worker has it.
    pub created_at: Timestamp,
}

/// Makes a route if the account has fewer than `max_routes`; `false` if not.
///
/// # Errors
/// [`StoreError::Taken`] if the pattern is.
pub async fn insert(
    tx: &mut Tx<'_>,
    route: &WorkerRouteRow,
    max_routes: u32,
) -> Result<bool, StoreError> {
    let host = route.pattern.host();
    let done = execute_counted!(
        tx,
        "INSERT INTO worker_routes (id, account_id, worker_id, pattern, host, any_host, created_at) \
             SELECT $1, $2, $3, $4, $5, $6, $7 \
             WHERE (SELECT count(*) FROM worker_routes WHERE account_id = $2) < $8",
        route.id.to_string(),
        route.account_id.to_string(),
        route.worker_id.to_string(),
        route.pattern.to_string(),
        host.base().as_str().to_owned(),
        i64::from(host.is_wildcard()),
        route.created_at.as_micros(),
        i64::from(max_routes)
    );
    Ok(done == 1)
}

/// Removes a route.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete(tx: &mut Tx<'_>, id: WorkerRouteId) -> Result<(), StoreError> {
    execute!(
        tx,
        "DELETE FROM worker_routes WHERE id = $1",
        id.to_string()
    );
    Ok(())
}

/// The account's routes, in the order of their patterns.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_account(
    rows: &mut impl Rows,
    account_id: AccountId,
) -> Result<Vec<WorkerRouteRow>, StoreError> {
    let found: Vec<RouteTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, worker_id, pattern, created_at FROM worker_routes \
             WHERE account_id = $1 ORDER BY pattern",
        )
        .bind(account_id.to_string())
        .fetch_all(connection)
        .await?
    });
    found.into_iter().map(from_tuple).collect()
}

/// The Worker's routes, in the order of their patterns.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_worker(
    rows: &mut impl Rows,
    worker_id: WorkerId,
) -> Result<Vec<WorkerRouteRow>, StoreError> {
    let found: Vec<RouteTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, worker_id, pattern, created_at FROM worker_routes \
             WHERE worker_id = $1 ORDER BY pattern",
        )
        .bind(worker_id.to_string())
        .fetch_all(connection)
        .await?
    });
    found.into_iter().map(from_tuple).collect()
}

type RouteTuple = (String, String, String, String, i64);

fn from_tuple(tuple: RouteTuple) -> Result<WorkerRouteRow, StoreError> {
    let (id, account_id, worker_id, pattern, created_at) = tuple;
    Ok(WorkerRouteRow {
        id: parsed("route id", &id)?,
        account_id: parsed("account id", &account_id)?,
        worker_id: parsed("worker id", &worker_id)?,
        pattern: parsed("route pattern", &pattern)?,
        created_at: Timestamp::from_micros(created_at),
    })
}
