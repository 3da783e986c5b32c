//! Reads of secrets by Workers, counted; and what nothing read.

use coffer_types::{AccountId, SecretId, SecretName, StoreId, Timestamp, WorkerId, WorkerName};

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::{Slice, parsed, unsigned};

/// Reads of one secret by one Worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reads {
    /// The first.
    pub first_at: Timestamp,
    /// The last.
    pub last_at: Timestamp,
    /// How many.
    pub count: u64,
}

/// A Worker that read a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingWorker {
    /// The Worker.
    pub id: WorkerId,
    /// Its name; `None` if the Worker is gone.
    pub name: Option<WorkerName>,
    /// Its reads.
    pub reads: Reads,
}

/// A secret that nothing read for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedSecret {
    /// The secret.
    pub id: SecretId,
    /// Its store.
    pub store_id: StoreId,
    /// Its name.
    pub name: SecretName,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last read; `None` if it never was.
    pub last_read_at: Option<Timestamp>,
    /// Whether a version of a Worker binds it.
    pub bound: bool,
}

/// Counts reads. Those of a secret that the account does not have, or has no more, are not counted.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn add(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    secret_id: SecretId,
    worker_id: WorkerId,
    reads: Reads,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO secret_reads (secret_id, worker_id, first_at, last_at, reads) \
             SELECT secrets.id, $3, $4, $5, $6 FROM secrets WHERE secrets.id = $2 AND secrets.account_id = $1 \
             ON CONFLICT (secret_id, worker_id) DO UPDATE SET \
             first_at = CASE WHEN excluded.first_at < secret_reads.first_at \
                 THEN excluded.first_at ELSE secret_reads.first_at END, \
             last_at = CASE WHEN excluded.last_at > secret_reads.last_at \
                 THEN excluded.last_at ELSE secret_reads.last_at END, \
             reads = secret_reads.reads + excluded.reads",
        account_id.to_string(),
        secret_id.to_string(),
        worker_id.to_string(),
        reads.first_at.as_micros(),
        reads.last_at.as_micros(),
        i64::try_from(reads.count).unwrap_or(i64::MAX)
    );
    execute!(
        tx,
        "UPDATE secrets SET last_read_at = $3 WHERE id = $2 AND account_id = $1 AND last_read_at < $3",
        account_id.to_string(),
        secret_id.to_string(),
        reads.last_at.as_micros()
    );
    Ok(())
}

/// The Worker's reads of the secret; `None` if there are none.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(
    rows: &mut impl Rows,
    secret_id: SecretId,
    worker_id: WorkerId,
) -> Result<Option<Reads>, StoreError> {
    let found: Option<(i64, i64, i64)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT first_at, last_at, reads FROM secret_reads WHERE secret_id = $1 AND worker_id = $2",
        )
        .bind(secret_id.to_string())
        .bind(worker_id.to_string())
        .fetch_optional(connection)
        .await?
    });
    Ok(found.map(reads_of))
}

/// The Workers that read the secret, at most `limit`, the last to do so first.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_secret(
    rows: &mut impl Rows,
    secret_id: SecretId,
    limit: u32,
) -> Result<Vec<ReadingWorker>, StoreError> {
    let found: Vec<(String, Option<String>, i64, i64, i64)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT secret_reads.worker_id, workers.name, secret_reads.first_at, secret_reads.last_at, \
             secret_reads.reads FROM secret_reads LEFT JOIN workers ON workers.id = secret_reads.worker_id \
             WHERE secret_reads.secret_id = $1 \
             ORDER BY secret_reads.last_at DESC, secret_reads.worker_id LIMIT $2",
        )
        .bind(secret_id.to_string())
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?
    });
    let worker = |(id, name, first_at, last_at, reads): (String, Option<String>, i64, i64, i64)| {
        Ok(ReadingWorker {
            id: parsed("worker id", &id)?,
            name: name.map(|name| parsed("worker name", &name)).transpose()?,
            reads: reads_of((first_at, last_at, reads)),
        })
    };
    found.into_iter().map(worker).collect()
}

fn reads_of((first_at, last_at, count): (i64, i64, i64)) -> Reads {
    Reads {
        first_at: Timestamp::from_micros(first_at),
        last_at: Timestamp::from_micros(last_at),
        count: u64::try_from(count).unwrap_or(0),
    }
}

/// A slice of the account's secrets that nothing read at or after `since`, and how many there are. The first is
/// the one that has been idle the longest: since its last read or, if it was never read, since it was made.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn unused(
    rows: &mut impl Rows,
    account_id: AccountId,
    since: Timestamp,
    slice: Slice,
) -> Result<(Vec<UnusedSecret>, u32), StoreError> {
    let found: Vec<UnusedTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, store_id, name, created_at, last_read_at, bound FROM \
                 (SELECT secrets.id, secrets.store_id, secrets.name, secrets.created_at, \
                  (SELECT max(last_at) FROM secret_reads WHERE secret_id = secrets.id) AS last_read_at, \
                  CASE WHEN EXISTS (SELECT 1 FROM version_secrets \
                      WHERE version_secrets.store_id = secrets.store_id \
                      AND version_secrets.secret_name = secrets.name) THEN 1 ELSE 0 END AS bound \
                  FROM secrets JOIN stores ON stores.id = secrets.store_id \
                  WHERE stores.account_id = $1) AS of_account \
             WHERE last_read_at IS NULL OR last_read_at < $2 \
             ORDER BY coalesce(last_read_at, created_at), id LIMIT $3 OFFSET $4",
        )
        .bind(account_id.to_string())
        .bind(since.as_micros())
        .bind(slice.limit_sql())
        .bind(slice.offset_sql())
        .fetch_all(connection)
        .await?
    });
    let total: i64 = on!(rows, connection => {
        sqlx::query_scalar(
            "SELECT count(*) FROM secrets JOIN stores ON stores.id = secrets.store_id \
             WHERE stores.account_id = $1 AND NOT EXISTS \
                 (SELECT 1 FROM secret_reads WHERE secret_id = secrets.id AND last_at >= $2)",
        )
        .bind(account_id.to_string())
        .bind(since.as_micros())
        .fetch_one(connection)
        .await?
    });
    let secrets = found
        .into_iter()
        .map(from_tuple)
        .collect::<Result<_, _>>()?;
    Ok((secrets, unsigned("count of secrets", total)?))
}

type UnusedTuple = (String, String, String, i64, Option<i64>, i64);

fn from_tuple(tuple: UnusedTuple) -> Result<UnusedSecret, StoreError> {
    let (id, store_id, name, created_at, last_read_at, bound) = tuple;
    Ok(UnusedSecret {
        id: parsed("secret id", &id)?,
        store_id: parsed("store id", &store_id)?,
        name: parsed("secret name", &name)?,
        created_at: Timestamp::from_micros(created_at),
        last_read_at: last_read_at.map(Timestamp::from_micros),
        bound: bound != 0,
    })
}
