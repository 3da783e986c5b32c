//! The sealed values of `secret_text` bindings, shared by every version that inherits them.

use coffer_types::{Timestamp, WorkerId, WorkerSecretId};

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::parsed;

/// A sealed value.
#[derive(Clone, Debug)]
pub struct WorkerSecretRow {
    /// Its id, bound into the envelope.
    pub id: WorkerSecretId,
    /// The envelope.
    pub sealed: Vec<u8>,
}

/// Keeps a sealed value.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn insert(
    tx: &mut Tx<'_>,
    worker_id: WorkerId,
    secret: &WorkerSecretRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO worker_secrets (id, worker_id, sealed, created_at) VALUES ($1, $2, $3, $4)",
        secret.id.to_string(),
        worker_id.to_string(),
        secret.sealed.clone(),
        now.as_micros()
    );
    Ok(())
}

/// Removes a sealed value, which no version may refer to any more.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete(tx: &mut Tx<'_>, id: WorkerSecretId) -> Result<(), StoreError> {
    execute!(
        tx,
        "DELETE FROM worker_secrets WHERE id = $1",
        id.to_string()
    );
    Ok(())
}

/// Every sealed value of a Worker.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_worker(
    rows: &mut impl Rows,
    worker_id: WorkerId,
) -> Result<Vec<WorkerSecretRow>, StoreError> {
    let found: Vec<(String, Vec<u8>)> = on!(rows, connection => {
        sqlx::query_as("SELECT id, sealed FROM worker_secrets WHERE worker_id = $1 ORDER BY id")
            .bind(worker_id.to_string())
            .fetch_all(connection)
            .await?
    });
    found
        .into_iter()
        .map(|(id, sealed)| {
            Ok(WorkerSecretRow {
                id: parsed("worker secret id", &id)?,
                sealed,
            })
        })
        .collect()
}
