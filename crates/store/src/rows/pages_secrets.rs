//! The sealed values of Pages projects' secrets.

use coffer_types::{PagesProjectId, Timestamp, WorkerSecretId};

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::parsed;
use crate::rows::worker_secrets::WorkerSecretRow;

/// Keeps a sealed value.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn insert(
    tx: &mut Tx<'_>,
    project_id: PagesProjectId,
    secret: &WorkerSecretRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO pages_secrets (id, project_id, sealed, created_at) VALUES ($1, $2, $3, $4)",
        secret.id.to_string(),
        project_id.to_string(),
        secret.sealed.clone(),
        now.as_micros()
    );
    Ok(())
}

/// Removes a value that the project's configuration has no more.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete(tx: &mut Tx<'_>, id: WorkerSecretId) -> Result<(), StoreError> {
    execute!(
        tx,
        "DELETE FROM pages_secrets WHERE id = $1",
        id.to_string()
    );
    Ok(())
}

/// Every sealed value of a project.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_project(
    rows: &mut impl Rows,
    project_id: PagesProjectId,
) -> Result<Vec<WorkerSecretRow>, StoreError> {
    let found: Vec<(String, Vec<u8>)> = on!(rows, connection => {
        sqlx::query_as("SELECT id, sealed FROM pages_secrets WHERE project_id = $1 ORDER BY id")
            .bind(project_id.to_string())
            .fetch_all(connection)
            .await?
    });
    found
        .into_iter()
        .map(|(id, sealed)| {
            Ok(WorkerSecretRow {
                id: parsed("Pages secret id", &id)?,
                sealed,
            })
        })
        .collect()
}
