//! Which versions bind which secrets of a store. A version binds a secret by its name, so what it reads is
//! whichever secret has the name at that time.

use coffer_types::{
    AccountId, Binding, BindingKind, BindingName, SecretName, StoreId, Timestamp, VersionId,
    WorkerId, WorkerName,
};

use crate::connection::{Rows, Tx, execute, on};
use crate::error::StoreError;
use crate::rows::versions::VersionRow;
use crate::rows::{parsed, unsigned};

/// A version that binds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingVersion {
    /// The version.
    pub id: VersionId,
    /// Its Worker.
    pub worker_id: WorkerId,
    /// Counts the Worker's versions, from 1.
    pub number: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// The names under which it binds the secret, sorted; never empty.
    pub bindings: Vec<BindingName>,
}

/// A Worker with versions that bind a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingWorker {
    /// The Worker.
    pub id: WorkerId,
    /// Its name.
    pub name: WorkerName,
    /// How many of its versions bind the secret.
    pub versions: u32,
}

/// Keeps which secrets a new version binds.
pub(crate) async fn insert_of(tx: &mut Tx<'_>, version: &VersionRow) -> Result<(), StoreError> {
    for Binding { name, kind } in &version.facts.bindings {
        let BindingKind::SecretsStoreSecret {
            store_id,
            secret_name,
        } = kind
        else {
            continue;
        };
        execute!(
            tx,
            "INSERT INTO version_secrets (version_id, binding, store_id, secret_name) VALUES ($1, $2, $3, $4)",
            version.id.to_string(),
            name.as_str().to_owned(),
            store_id.to_string(),
            secret_name.as_str().to_owned()
        );
    }
    Ok(())
}

/// The Workers with a version that binds the secret, by name.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn workers(
    rows: &mut impl Rows,
    store_id: StoreId,
    secret_name: &SecretName,
) -> Result<Vec<BindingWorker>, StoreError> {
    let found: Vec<(String, String, i64)> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT workers.id, workers.name, count(DISTINCT versions.id) FROM version_secrets \
             JOIN versions ON versions.id = version_secrets.version_id \
             JOIN workers ON workers.id = versions.worker_id \
             WHERE version_secrets.store_id = $1 AND version_secrets.secret_name = $2 \
             GROUP BY workers.id, workers.name ORDER BY workers.name, workers.id",
        )
        .bind(store_id.to_string())
        .bind(secret_name.as_str().to_owned())
        .fetch_all(connection)
        .await?
    });
    let worker = |(id, name, versions): (String, String, i64)| {
        Ok(BindingWorker {
            id: parsed("worker id", &id)?,
            name: parsed("worker name", &name)?,
            versions: unsigned("count of versions", versions)?,
        })
    };
    found.into_iter().map(worker).collect()
}

/// The newest versions that bind the secret, at most `limit`, newest first.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn newest(
    rows: &mut impl Rows,
    store_id: StoreId,
    secret_name: &SecretName,
    limit: u32,
) -> Result<Vec<BindingVersion>, StoreError> {
    let found: Vec<VersionTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT versions.id, versions.worker_id, versions.number, versions.created_at, \
             version_secrets.binding FROM version_secrets \
             JOIN versions ON versions.id = version_secrets.version_id \
             WHERE version_secrets.store_id = $1 AND version_secrets.secret_name = $2 AND versions.id IN \
                 (SELECT newest.id FROM versions AS newest WHERE newest.id IN \
                     (SELECT version_id FROM version_secrets WHERE store_id = $1 AND secret_name = $2) \
                  ORDER BY newest.created_at DESC, newest.id LIMIT $3) \
             ORDER BY versions.created_at DESC, versions.id, version_secrets.binding",
        )
        .bind(store_id.to_string())
        .bind(secret_name.as_str().to_owned())
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?
    });
    gathered(found)
}

/// The versions that bind the secret and have a share of their Worker's traffic, newest first.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn deployed(
    rows: &mut impl Rows,
    store_id: StoreId,
    secret_name: &SecretName,
) -> Result<Vec<BindingVersion>, StoreError> {
    // Nothing in a split but the id of a version can look like one.
    let found: Vec<VersionTuple> = on!(rows, connection => {
        sqlx::query_as(
            "SELECT versions.id, versions.worker_id, versions.number, versions.created_at, \
             version_secrets.binding FROM version_secrets \
             JOIN versions ON versions.id = version_secrets.version_id \
             JOIN deployments ON deployments.worker_id = versions.worker_id AND deployments.number = \
                 (SELECT max(number) FROM deployments WHERE worker_id = versions.worker_id) \
             WHERE version_secrets.store_id = $1 AND version_secrets.secret_name = $2 \
             AND deployments.split LIKE '%' || versions.id || '%' \
             ORDER BY versions.created_at DESC, versions.id, version_secrets.binding",
        )
        .bind(store_id.to_string())
        .bind(secret_name.as_str().to_owned())
        .fetch_all(connection)
        .await?
    });
    gathered(found)
}

/// The Workers that bind the secret with a version that has a share of their traffic, by name. Whose Worker it
/// is, is asked too, though no other account's can bind the secret.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub async fn serving_workers(
    rows: &mut impl Rows,
    account_id: AccountId,
    store_id: StoreId,
    secret_name: &SecretName,
) -> Result<Vec<WorkerName>, StoreError> {
    let found: Vec<String> = on!(rows, connection => {
        sqlx::query_scalar(
            "SELECT DISTINCT workers.name FROM version_secrets \
             JOIN versions ON versions.id = version_secrets.version_id \
             JOIN workers ON workers.id = versions.worker_id \
             JOIN deployments ON deployments.worker_id = versions.worker_id AND deployments.number = \
                 (SELECT max(number) FROM deployments WHERE worker_id = versions.worker_id) \
             WHERE version_secrets.store_id = $1 AND version_secrets.secret_name = $2 \
             AND workers.account_id = $3 AND deployments.split LIKE '%' || versions.id || '%' \
             ORDER BY workers.name",
        )
        .bind(store_id.to_string())
        .bind(secret_name.as_str().to_owned())
        .bind(account_id.to_string())
        .fetch_all(connection)
        .await?
    });
    found
        .iter()
        .map(|name| parsed("worker name", name))
        .collect()
}

type VersionTuple = (String, String, i64, i64, String);

/// One version for each run of rows of it.
fn gathered(found: Vec<VersionTuple>) -> Result<Vec<BindingVersion>, StoreError> {
    let mut versions: Vec<BindingVersion> = Vec::new();
    for (id, worker_id, number, created_at, binding) in found {
        let id = parsed("version id", &id)?;
        let binding = parsed("binding", &binding)?;
        match versions.last_mut() {
            Some(last) if last.id == id => last.bindings.push(binding),
            _ => versions.push(BindingVersion {
                id,
                worker_id: parsed("worker id", &worker_id)?,
                number: unsigned("version number", number)?,
                created_at: Timestamp::from_micros(created_at),
                bindings: vec![binding],
            }),
        }
    }
    Ok(versions)
}
