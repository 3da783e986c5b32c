//! Host names of Workers besides their own.

use std::collections::HashSet;

use coffer_types::{AccountId, Hostname, Timestamp, WorkerHostId, WorkerId};
use futures::TryStreamExt;

use crate::connection::{Rows, Tx, execute, execute_counted, on};
use crate::error::StoreError;
use crate::rows::{parsed, to_json};

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

/// What an account would like to have: a host, or all that is below one, too.
#[derive(Clone, Copy, Debug)]
pub struct HostClaim<'a> {
    /// The host.
    pub host: &'a Hostname,
    /// Whether it is about all below the host, too.
    pub any_below: bool,
}

/// Which of these another account has a share in: a host name or a route at the host or, if `any_below`, below it; or
/// routes for all below a name that the host is at or below. In the order of `claims`.
///
/// What is held at names is looked up; what is below them is found by going through all that others hold, once.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn claimed_by_others(
    rows: &mut impl Rows,
    account_id: AccountId,
    claims: &[HostClaim<'_>],
) -> Result<Vec<bool>, StoreError> {
    let held = held_at(rows, account_id, claims).await?;
    let holds = |name: &str, any_host: bool| held.contains(&(name.to_owned(), any_host));
    let below = held_below(rows, account_id, claims).await?;
    let is_claimed = |claim: &HostClaim<'_>| {
        let host = claim.host.as_str();
        holds(host, false)
            || at_and_above(host).any(|name| holds(name, true))
            || (claim.any_below && below.contains(host))
    };
    Ok(claims.iter().map(is_claimed).collect())
}

/// What others hold at the names of the claims or above: each name, and whether that is about all below it.
async fn held_at(
    rows: &mut impl Rows,
    account_id: AccountId,
    claims: &[HostClaim<'_>],
) -> Result<HashSet<(String, bool)>, StoreError> {
    let names = claims
        .iter()
        .flat_map(|claim| at_and_above(claim.host.as_str()));
    let names: HashSet<&str> = names.collect();
    let names = to_json("host names", &names)?;
    let found: Vec<(String, bool)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT host, 0 FROM worker_hosts \
             WHERE account_id <> $1 AND host IN (SELECT value FROM json_each($2)) \
             UNION SELECT host, any_host FROM worker_routes \
             WHERE account_id <> $1 AND host IN (SELECT value FROM json_each($2))",
        )
        .bind(account_id.to_string())
        .bind(names)
        .fetch_all(connection)
        .await?
    });
    Ok(found.into_iter().collect())
}

/// The hosts, of those that are claimed with all below, that others hold something below or at.
async fn held_below<'a>(
    rows: &mut impl Rows,
    account_id: AccountId,
    claims: &[HostClaim<'a>],
) -> Result<HashSet<&'a str>, StoreError> {
    let wide = claims.iter().filter(|claim| claim.any_below);
    let wide: HashSet<&'a str> = wide.map(|claim| claim.host.as_str()).collect();
    let mut found = HashSet::new();
    if wide.is_empty() {
        return Ok(found);
    }
    on!(rows, connection => {
        let mut held = sqlx::query_scalar::<_, String>(
            "SELECT host FROM worker_hosts WHERE account_id <> $1 \
             UNION ALL SELECT host FROM worker_routes WHERE account_id <> $1",
        )
        .bind(account_id.to_string())
        .fetch(connection);
        while let Some(host) = held.try_next().await? {
            found.extend(at_and_above(&host).filter_map(|name| wide.get(name).copied()));
        }
    });
    Ok(found)
}

/// The name, and each that it is below.
fn at_and_above(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |name| {
        name.split_once('.').map(|(_, above)| above)
    })
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
