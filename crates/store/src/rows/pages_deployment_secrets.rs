//! The sealed values that deployments of Pages projects read: copies, as they were when each was deployed.

use coffer_types::{PagesProjectId, VersionId};

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::parsed;
use crate::rows::worker_secrets::WorkerSecretRow;

/// Keeps a sealed value with a deployment.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn insert(
    tx: &mut Tx<'_>,
    deployment_id: VersionId,
    secret: &WorkerSecretRow,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO pages_deployment_secrets (deployment_id, secret_id, sealed) VALUES ($1, $2, $3)",
        deployment_id.to_string(),
        secret.id.to_string(),
        secret.sealed.clone()
    );
    Ok(())
}

/// Every sealed value of a deployment.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn of_deployment(
    rows: &mut impl Rows,
    deployment_id: VersionId,
) -> Result<Vec<WorkerSecretRow>, StoreError> {
    let found: Vec<(String, Vec<u8>)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT secret_id, sealed FROM pages_deployment_secrets WHERE deployment_id = $1 ORDER BY secret_id",
        )
        .bind(deployment_id.to_string())
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

/// How many sealed values the deployments of a project hold.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn count_of_project(
    rows: &mut impl Rows,
    project_id: PagesProjectId,
) -> Result<i64, StoreError> {
    on!(rows, connection => {
        Ok(sqlx::query_scalar(
            "SELECT count(*) FROM pages_deployment_secrets JOIN pages_deployments \
             ON pages_deployments.id = pages_deployment_secrets.deployment_id WHERE project_id = $1",
        )
        .bind(project_id.to_string())
        .fetch_one(connection)
        .await?)
    })
}
