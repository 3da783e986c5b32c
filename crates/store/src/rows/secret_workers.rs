//! Which Workers have versions that bind a secret, and how many. Each secret has the number of its Workers beside it,
//! written with every change here, so that lists are sorted by it.

use std::collections::BTreeSet;

use coffer_types::{BindingKind, SecretName, StoreId, VersionId, WorkerId};

use crate::connection::{Tx, execute, on};
use crate::error::StoreError;
use crate::rows::parsed;
use crate::rows::versions::VersionRow;

/// A secret as versions name it.
type Named = (StoreId, SecretName);

/// Counts a new version to those of its Worker that bind what it binds.
pub(crate) async fn add_of(tx: &mut Tx<'_>, version: &VersionRow) -> Result<(), StoreError> {
    let bound = version.facts.bindings.iter();
    // A version that binds a secret twice counts once.
    let bound: BTreeSet<Named> = bound
        .filter_map(|binding| match &binding.kind {
            BindingKind::SecretsStoreSecret {
                store_id,
                secret_name,
            } => Some((*store_id, secret_name.clone())),
            _ => None,
        })
        .collect();
    for (store_id, name) in &bound {
        execute!(
            tx,
            "INSERT INTO secret_workers (store_id, secret_name, worker_id, versions) VALUES ($1, $2, $3, 1) \
                 ON CONFLICT (store_id, secret_name, worker_id) DO UPDATE SET versions = secret_workers.versions + 1",
            store_id.to_string(),
            name.as_str().to_owned(),
            version.worker_id.to_string()
        );
        count(tx, *store_id, name).await?;
    }
    Ok(())
}

/// Counts a version out, before it is removed.
pub(crate) async fn remove_of_version(
    tx: &mut Tx<'_>,
    version_id: VersionId,
) -> Result<(), StoreError> {
    let found: Vec<(String, String)> = on!(tx, connection => {
        sqlx::query_as("SELECT DISTINCT store_id, secret_name FROM version_secrets WHERE version_id = $1")
            .bind(version_id.to_string())
            .fetch_all(connection)
            .await?
    });
    for (store_id, name) in named(&found)? {
        execute!(
            tx,
            "UPDATE secret_workers SET versions = versions - 1 WHERE store_id = $1 AND secret_name = $2 \
                 AND worker_id = (SELECT worker_id FROM versions WHERE id = $3)",
            store_id.to_string(),
            name.as_str().to_owned(),
            version_id.to_string()
        );
        execute!(
            tx,
            "DELETE FROM secret_workers WHERE store_id = $1 AND secret_name = $2 AND versions < 1",
            store_id.to_string(),
            name.as_str().to_owned()
        );
        count(tx, store_id, &name).await?;
    }
    Ok(())
}

/// Forgets a Worker, before it is removed with all its versions.
pub(crate) async fn remove_of_worker(
    tx: &mut Tx<'_>,
    worker_id: WorkerId,
) -> Result<(), StoreError> {
    let found: Vec<(String, String)> = on!(tx, connection => {
        sqlx::query_as("SELECT store_id, secret_name FROM secret_workers WHERE worker_id = $1")
            .bind(worker_id.to_string())
            .fetch_all(connection)
            .await?
    });
    execute!(
        tx,
        "DELETE FROM secret_workers WHERE worker_id = $1",
        worker_id.to_string()
    );
    for (store_id, name) in named(&found)? {
        count(tx, store_id, &name).await?;
    }
    Ok(())
}

/// Writes the number of its Workers beside the secret of this name, if there is one.
async fn count(tx: &mut Tx<'_>, store_id: StoreId, name: &SecretName) -> Result<(), StoreError> {
    execute!(
        tx,
        "UPDATE secrets SET workers = \
             (SELECT count(*) FROM secret_workers WHERE store_id = $1 AND secret_name = $2) \
             WHERE store_id = $1 AND name = $2 AND workers <> \
             (SELECT count(*) FROM secret_workers WHERE store_id = $1 AND secret_name = $2)",
        store_id.to_string(),
        name.as_str().to_owned()
    );
    Ok(())
}

fn named(found: &[(String, String)]) -> Result<Vec<Named>, StoreError> {
    let named = |(store_id, name): &(String, String)| {
        Ok((parsed("store id", store_id)?, parsed("secret name", name)?))
    };
    found.iter().map(named).collect()
}
