//! Deployments of Workers. The newest is the active one.

use std::collections::BTreeMap;

use coffer_types::{DeploymentId, Email, Split, Timestamp, WorkerId};
use serde::{Deserialize, Serialize};

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::{Slice, from_json, parsed, to_json};

/// A deployment of a Worker.
#[derive(Clone, Debug)]
pub struct DeploymentRow {
    /// The deployment.
    pub id: DeploymentId,
    /// Its Worker.
    pub worker_id: WorkerId,
    /// How traffic is divided.
    pub split: Split,
    /// Everything else.
    pub facts: DeploymentFacts,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a deployment tells besides its division of traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentFacts {
    /// Which client made it.
    pub source: String,
    /// Who made it.
    pub author_id: String,
    /// The author's address.
    pub author_email: Option<Email>,
    /// `workers/message` and the like.
    pub annotations: BTreeMap<String, String>,
}

/// Keeps a new deployment, which is the active one from now on.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn insert(tx: &mut Tx<'_>, deployment: &DeploymentRow) -> Result<(), StoreError> {
    let split = to_json("split", &deployment.split)?;
    let facts = to_json("deployment", &deployment.facts)?;
    execute!(
        tx,
        "INSERT INTO deployments (id, worker_id, number, split, facts, created_at) \
             SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5 FROM deployments WHERE worker_id = $2",
        deployment.id.to_string(),
        deployment.worker_id.to_string(),
        split,
        facts,
        deployment.created_at.as_micros()
    );
    Ok(())
}

/// Removes a deployment. If it is the newest, the one before it becomes the active one.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete(tx: &mut Tx<'_>, id: DeploymentId) -> Result<(), StoreError> {
    execute!(tx, "DELETE FROM deployments WHERE id = $1", id.to_string());
    Ok(())
}

/// The Worker's active deployment.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn active(
    rows: &mut impl Rows,
    worker_id: WorkerId,
) -> Result<Option<DeploymentRow>, StoreError> {
    Ok(list(
        rows,
        worker_id,
        Slice {
            limit: 1,
            offset: 0,
        },
    )
    .await?
    .into_iter()
    .next())
}

/// The Worker's deployment with this id.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(
    rows: &mut impl Rows,
    worker_id: WorkerId,
    id: DeploymentId,
) -> Result<Option<DeploymentRow>, StoreError> {
    let found: Option<DeploymentTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, worker_id, split, facts, created_at FROM deployments \
             WHERE worker_id = $1 AND id = $2",
        )
        .bind(worker_id.to_string())
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// A slice of the Worker's deployments, newest first.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn list(
    rows: &mut impl Rows,
    worker_id: WorkerId,
    slice: Slice,
) -> Result<Vec<DeploymentRow>, StoreError> {
    let found: Vec<DeploymentTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, worker_id, split, facts, created_at FROM deployments WHERE worker_id = $1 \
             ORDER BY number DESC LIMIT $2 OFFSET $3",
        )
        .bind(worker_id.to_string())
        .bind(slice.limit_sql())
        .bind(slice.offset_sql())
        .fetch_all(connection)
        .await?
    });
    found.into_iter().map(from_tuple).collect()
}

type DeploymentTuple = (String, String, String, String, i64);

fn from_tuple(tuple: DeploymentTuple) -> Result<DeploymentRow, StoreError> {
    let (id, worker_id, split, facts, created_at) = tuple;
    Ok(DeploymentRow {
        id: parsed("deployment id", &id)?,
        worker_id: parsed("worker id", &worker_id)?,
        split: from_json("split", &split)?,
        facts: from_json("deployment", &facts)?,
        created_at: Timestamp::from_micros(created_at),
    })
}
