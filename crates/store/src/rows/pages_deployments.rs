//! Deployments of Pages projects. A deployment never changes; which one answers where is told by its project.

use coffer_types::{PagesBranch, PagesEnvironment, PagesProjectId, Timestamp, VersionId};
use serde::{Deserialize, Serialize};

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::versions::VersionFacts;
use crate::rows::{Slice, from_json, parsed, to_json, unsigned};

/// A deployment of a Pages project.
#[derive(Clone, Debug)]
pub struct PagesDeploymentRow {
    /// The deployment, a version of the project's hidden Worker.
    pub id: VersionId,
    /// Its project.
    pub project_id: PagesProjectId,
    /// Counts the project's deployments, from 1.
    pub number: u32,
    /// What it was deployed to.
    pub environment: PagesEnvironment,
    /// The branch that it was deployed from.
    pub branch: PagesBranch,
    /// Everything else.
    pub facts: PagesDeploymentFacts,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Everything else that is immutable about a deployment. The values of its plain-text variables are in here, readable by
/// whoever reads the database; those of its secrets are not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PagesDeploymentFacts {
    /// What an edge runs.
    pub version: VersionFacts,
    /// The commit that it was made of, as the client says; empty if it says none.
    #[serde(default)]
    pub commit_hash: String,
    /// That commit's message.
    #[serde(default)]
    pub commit_message: String,
    /// Whether files differed from that commit.
    #[serde(default)]
    pub commit_dirty: bool,
}

/// Keeps a new deployment with its references to blobs.
///
/// # Errors
/// [`StoreError::Taken`] if the number is.
pub async fn insert(tx: &mut Tx<'_>, deployment: &PagesDeploymentRow) -> Result<(), StoreError> {
    let facts = to_json("Pages deployment", &deployment.facts)?;
    execute!(
        tx,
        "INSERT INTO pages_deployments (id, project_id, number, environment, branch, facts, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        deployment.id.to_string(),
        deployment.project_id.to_string(),
        i64::from(deployment.number),
        deployment.environment.as_str(),
        deployment.branch.as_str().to_owned(),
        facts,
        deployment.created_at.as_micros()
    );
    let version = &deployment.facts.version;
    let modules = version.modules.iter().map(|module| module.digest);
    let manifest = version.assets.iter().map(|assets| assets.manifest);
    for digest in modules.chain(manifest) {
        execute!(
            tx,
            "INSERT INTO pages_deployment_blobs (deployment_id, digest) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            deployment.id.to_string(),
            digest.to_string()
        );
    }
    Ok(())
}

/// Removes a deployment with its copies of secrets. Its blobs stay.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete(tx: &mut Tx<'_>, id: VersionId) -> Result<(), StoreError> {
    execute!(
        tx,
        "DELETE FROM pages_deployments WHERE id = $1",
        id.to_string()
    );
    Ok(())
}

/// The project's deployment with this id.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(
    rows: &mut impl Rows,
    project_id: PagesProjectId,
    id: VersionId,
) -> Result<Option<PagesDeploymentRow>, StoreError> {
    let found = find_any(rows, id).await?;
    Ok(found.filter(|deployment| deployment.project_id == project_id))
}

/// The deployment with this id, of whichever project.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find_any(
    rows: &mut impl Rows,
    id: VersionId,
) -> Result<Option<PagesDeploymentRow>, StoreError> {
    let found: Option<DeploymentTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, project_id, number, environment, branch, facts, created_at FROM pages_deployments \
             WHERE id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// A slice of the project's deployments, newest first, to one environment or both, and how many there are.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn list(
    rows: &mut impl Rows,
    project_id: PagesProjectId,
    environment: Option<PagesEnvironment>,
    slice: Slice,
) -> Result<(Vec<PagesDeploymentRow>, u32), StoreError> {
    let environment = environment.map(PagesEnvironment::as_str);
    let found: Vec<DeploymentTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, project_id, number, environment, branch, facts, created_at FROM pages_deployments \
             WHERE project_id = $1 AND ($2 IS NULL OR environment = $2) ORDER BY number DESC LIMIT $3 OFFSET $4",
        )
        .bind(project_id.to_string())
        .bind(environment)
        .bind(slice.limit_sql())
        .bind(slice.offset_sql())
        .fetch_all(connection)
        .await?
    });
    let total: i64 = on!(rows, connection => {
        sqlx::query_scalar(
            "SELECT count(*) FROM pages_deployments WHERE project_id = $1 AND ($2 IS NULL OR environment = $2)",
        )
        .bind(project_id.to_string())
        .bind(environment)
        .fetch_one(connection)
        .await?
    });
    let deployments = found
        .into_iter()
        .map(from_tuple)
        .collect::<Result<_, _>>()?;
    Ok((deployments, unsigned("count of Pages deployments", total)?))
}

/// The branches that were deployed as previews with their newest such deployments, the newest first.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn previews(
    rows: &mut impl Rows,
    project_id: PagesProjectId,
) -> Result<Vec<(PagesBranch, VersionId)>, StoreError> {
    let found: Vec<(String, String)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT branch, id FROM pages_deployments WHERE project_id = $1 AND number IN \
                 (SELECT max(number) FROM pages_deployments WHERE project_id = $1 AND environment = 'preview' \
                     GROUP BY branch) \
             ORDER BY number DESC",
        )
        .bind(project_id.to_string())
        .fetch_all(connection)
        .await?
    });
    found
        .into_iter()
        .map(|(branch, id)| {
            Ok((
                parsed("branch", &branch)?,
                parsed("Pages deployment id", &id)?,
            ))
        })
        .collect()
}

type DeploymentTuple = (String, String, i64, String, String, String, i64);

fn from_tuple(tuple: DeploymentTuple) -> Result<PagesDeploymentRow, StoreError> {
    let (id, project_id, number, environment, branch, facts, created_at) = tuple;
    let known = PagesEnvironment::ALL
        .into_iter()
        .find(|known| known.as_str() == environment);
    Ok(PagesDeploymentRow {
        id: parsed("Pages deployment id", &id)?,
        project_id: parsed("Pages project id", &project_id)?,
        number: unsigned("number of a Pages deployment", number)?,
        environment: known.ok_or_else(|| StoreError::damaged("Pages environment", &environment))?,
        branch: parsed("branch", &branch)?,
        facts: from_json("Pages deployment", &facts)?,
        created_at: Timestamp::from_micros(created_at),
    })
}
