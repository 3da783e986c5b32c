//! Pages projects.

use coffer_types::{
    AccountId, PagesBranch, PagesConfigurations, PagesProjectId, PagesProjectName, Timestamp,
    VersionId,
};
use serde_json::Value;

use crate::connection::{Rows, Tx, execute, execute_counted, on};
use crate::error::StoreError;
use crate::rows::{Slice, from_json, parsed, to_json, unsigned};

/// A Pages project.
#[derive(Clone, Debug)]
pub struct PagesProjectRow {
    /// The project.
    pub id: PagesProjectId,
    /// The account that owns it.
    pub account_id: AccountId,
    /// Its name, unique in the account.
    pub name: PagesProjectName,
    /// Its label in host names, unique in the installation.
    pub label: String,
    /// The branch whose deployments are production.
    pub production_branch: PagesBranch,
    /// How its environments run.
    pub configurations: PagesConfigurations,
    /// How it is built, as clients set it.
    pub build_config: Option<Value>,
    /// The deployment that answers at its own host name; `None` before the first to production.
    pub production_deployment: Option<VersionId>,
    /// The number of its newest deployment, even one that is gone; 0 before the first.
    pub last_deployment: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
}

/// Makes a project if there are fewer than `max_projects` in the account; `false` if not.
///
/// # Errors
/// [`StoreError::Taken`] if the name or the label is.
pub async fn insert(
    tx: &mut Tx<'_>,
    project: &PagesProjectRow,
    max_projects: u32,
) -> Result<bool, StoreError> {
    let configurations = to_json("Pages configurations", &project.configurations)?;
    let build_config = build_config_text(project)?;
    let done = execute_counted!(
        tx,
        "INSERT INTO pages_projects (id, account_id, name, label, production_branch, configurations, \
             build_config, created_at, modified_at) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 \
             WHERE (SELECT count(*) FROM pages_projects WHERE account_id = $2) < $10",
        project.id.to_string(),
        project.account_id.to_string(),
        project.name.as_str().to_owned(),
        project.label.clone(),
        project.production_branch.as_str().to_owned(),
        configurations,
        build_config,
        project.created_at.as_micros(),
        project.modified_at.as_micros(),
        i64::from(max_projects)
    );
    Ok(done == 1)
}

/// Writes what can be changed of a project.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn update(tx: &mut Tx<'_>, project: &PagesProjectRow) -> Result<(), StoreError> {
    let configurations = to_json("Pages configurations", &project.configurations)?;
    let build_config = build_config_text(project)?;
    execute!(
        tx,
        "UPDATE pages_projects SET production_branch = $2, configurations = $3, build_config = $4, \
             modified_at = $5 WHERE id = $1",
        project.id.to_string(),
        project.production_branch.as_str().to_owned(),
        configurations,
        build_config,
        project.modified_at.as_micros()
    );
    Ok(())
}

/// Writes which deployment answers at the project's own host name, and the number of the newest.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn update_deployments(
    tx: &mut Tx<'_>,
    project: &PagesProjectRow,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "UPDATE pages_projects SET production_deployment = $2, last_deployment = $3 WHERE id = $1",
        project.id.to_string(),
        project.production_deployment.map(|id| id.to_string()),
        i64::from(project.last_deployment)
    );
    Ok(())
}

/// Removes a project with its secrets and its deployments.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn delete(tx: &mut Tx<'_>, id: PagesProjectId) -> Result<(), StoreError> {
    execute!(
        tx,
        "DELETE FROM pages_projects WHERE id = $1",
        id.to_string()
    );
    Ok(())
}

/// The account's project with this name.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn with_name(
    rows: &mut impl Rows,
    account_id: AccountId,
    name: &PagesProjectName,
) -> Result<Option<PagesProjectRow>, StoreError> {
    let found: Option<ProjectTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, name, label, production_branch, configurations, build_config, \
             production_deployment, last_deployment, created_at, modified_at FROM pages_projects WHERE account_id = $1 AND name = $2",
        )
        .bind(account_id.to_string())
        .bind(name.as_str().to_owned())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// The project with this id, of whichever account.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn find(
    rows: &mut impl Rows,
    id: PagesProjectId,
) -> Result<Option<PagesProjectRow>, StoreError> {
    let found: Option<ProjectTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, name, label, production_branch, configurations, build_config, \
             production_deployment, last_deployment, created_at, modified_at FROM pages_projects WHERE id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?
    });
    found.map(from_tuple).transpose()
}

/// Whether a project of any account has this label.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn is_label_taken(rows: &mut impl Rows, label: &str) -> Result<bool, StoreError> {
    let count: i64 = on!(rows, connection => {
        sqlx::query_scalar("SELECT count(*) FROM pages_projects WHERE label = $1")
            .bind(label.to_owned())
            .fetch_one(connection)
            .await?
    });
    Ok(count > 0)
}

/// A slice of the account's projects, the newest first, and how many there are.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn list(
    rows: &mut impl Rows,
    account_id: AccountId,
    slice: Slice,
) -> Result<(Vec<PagesProjectRow>, u32), StoreError> {
    let found: Vec<ProjectTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT id, account_id, name, label, production_branch, configurations, build_config, \
             production_deployment, last_deployment, created_at, modified_at FROM pages_projects WHERE account_id = $1 ORDER BY created_at DESC, id \
             LIMIT $2 OFFSET $3",
        )
        .bind(account_id.to_string())
        .bind(slice.limit_sql())
        .bind(slice.offset_sql())
        .fetch_all(connection)
        .await?
    });
    let total: i64 = on!(rows, connection => {
        sqlx::query_scalar("SELECT count(*) FROM pages_projects WHERE account_id = $1")
            .bind(account_id.to_string())
            .fetch_one(connection)
            .await?
    });
    let projects = found
        .into_iter()
        .map(from_tuple)
        .collect::<Result<_, _>>()?;
    Ok((projects, unsigned("count of Pages projects", total)?))
}

/// Every project of the account.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn all_of(
    rows: &mut impl Rows,
    account_id: AccountId,
) -> Result<Vec<PagesProjectRow>, StoreError> {
    Ok(list(rows, account_id, Slice::ALL).await?.0)
}

fn build_config_text(project: &PagesProjectRow) -> Result<Option<String>, StoreError> {
    let config = project.build_config.as_ref();
    config
        .map(|config| to_json("build configuration", config))
        .transpose()
}

type ProjectTuple = (
    String,
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
    i64,
    i64,
    i64,
);

fn from_tuple(tuple: ProjectTuple) -> Result<PagesProjectRow, StoreError> {
    let (
        id,
        account_id,
        name,
        label,
        production_branch,
        configurations,
        build_config,
        production_deployment,
        last_deployment,
        created_at,
        modified_at,
    ) = tuple;
    let production_deployment = production_deployment.map(|id| parsed("Pages deployment id", &id));
    let build_config = build_config.map(|text| from_json("build configuration", &text));
    Ok(PagesProjectRow {
        id: parsed("Pages project id", &id)?,
        account_id: parsed("account id", &account_id)?,
        name: parsed("Pages project name", &name)?,
        label,
        production_branch: parsed("branch", &production_branch)?,
        configurations: from_json("Pages configurations", &configurations)?,
        build_config: build_config.transpose()?,
        production_deployment: production_deployment.transpose()?,
        last_deployment: unsigned("number of a Pages deployment", last_deployment)?,
        created_at: Timestamp::from_micros(created_at),
        modified_at: Timestamp::from_micros(modified_at),
    })
}
