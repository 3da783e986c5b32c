//! Where a secret is used: which Workers bind it, and which read it.

use std::collections::{HashMap, HashSet};

use coffer_protocol::usage::{DeploymentUsage, ReadsUsage, SecretUsage, VersionUsage, WorkerUsage};
use coffer_store::Reader;
use coffer_store::rows::secret_reads::{self, ReadingWorker, Reads};
use coffer_store::rows::secrets::SecretRow;
use coffer_store::rows::version_secrets::{self, BindingVersion, BindingWorker};
use coffer_store::rows::{deployments, secrets};
use coffer_types::limits::{MAX_READING_WORKERS_LISTED, MAX_USING_VERSIONS_LISTED};
use coffer_types::{SecretId, VersionId, WorkerId};

use crate::authorize::{Permit, ViewSecrets};
use crate::engine::Engine;
use crate::error::{Missing, Result};

/// What is known of a secret's use, before it is put together Worker by Worker.
struct Found {
    secret_id: SecretId,
    bound: Vec<BindingWorker>,
    /// One more than are listed, if there are more.
    readers: Vec<ReadingWorker>,
    versions: HashMap<WorkerId, Vec<BindingVersion>>,
    deployed: HashSet<VersionId>,
}

impl Engine {
    /// Where a secret is used. The Workers are named to whoever may view the secret, also without permission to
    /// view Workers: who manages a secret must learn what would fail without it.
    ///
    /// Every Worker and every deployed version that binds it is listed, of other versions the newest
    /// [`MAX_USING_VERSIONS_LISTED`], and the Workers that bind it no more if they are among the last
    /// [`MAX_READING_WORKERS_LISTED`] to have read it.
    ///
    /// # Errors
    /// [`Missing::Secret`].
    pub async fn secret_usage(
        &self,
        permit: &Permit<ViewSecrets>,
        id: SecretId,
    ) -> Result<SecretUsage> {
        let mut reader = self.store.reader().await?;
        let secret = secrets::find(&mut reader, id)
            .await?
            .filter(|secret| secret.account_id == permit.account_id())
            .ok_or(Missing::Secret)?;
        let mut found = find(&mut reader, &secret).await?;
        let bound = std::mem::take(&mut found.bound);
        let mut workers = Vec::with_capacity(bound.len());
        for worker in bound {
            workers.push(usage_of(&mut reader, worker, &mut found).await?);
        }
        let listed: usize = workers.iter().map(|worker| worker.versions.len()).sum();
        let total: u32 = workers.iter().map(|worker| worker.version_count).sum();
        let most_readers = MAX_READING_WORKERS_LISTED as usize;
        let truncated = listed < total as usize || found.readers.len() > most_readers;
        let bound: HashSet<WorkerId> = workers.iter().map(|worker| worker.worker_id).collect();
        let former = found.readers.into_iter().take(most_readers);
        let former = former.filter(|reader| !bound.contains(&reader.id));
        workers.extend(former.map(former_usage));
        Ok(SecretUsage {
            secret_id: secret.id,
            store_id: secret.store_id,
            name: secret.name,
            workers,
            truncated,
        })
    }
}

async fn find(reader: &mut Reader, secret: &SecretRow) -> Result<Found> {
    let (store_id, name) = (secret.store_id, &secret.name);
    let deployed = version_secrets::deployed(reader, store_id, name).await?;
    let newest = version_secrets::newest(reader, store_id, name, MAX_USING_VERSIONS_LISTED).await?;
    let ids: HashSet<VersionId> = deployed.iter().map(|version| version.id).collect();
    let others = newest
        .into_iter()
        .filter(|version| !ids.contains(&version.id));
    let mut versions: HashMap<WorkerId, Vec<BindingVersion>> = HashMap::new();
    for version in deployed.into_iter().chain(others) {
        versions.entry(version.worker_id).or_default().push(version);
    }
    let most_readers = MAX_READING_WORKERS_LISTED.saturating_add(1);
    Ok(Found {
        secret_id: secret.id,
        bound: version_secrets::workers(reader, store_id, name).await?,
        readers: secret_reads::of_secret(reader, secret.id, most_readers).await?,
        versions,
        deployed: ids,
    })
}

/// The use by a Worker that binds the secret.
async fn usage_of(
    reader: &mut Reader,
    worker: BindingWorker,
    found: &mut Found,
) -> Result<WorkerUsage> {
    let mut versions = found.versions.remove(&worker.id).unwrap_or_default();
    versions.sort_by_key(|version| std::cmp::Reverse(version.number));
    let versions: Vec<_> = versions
        .into_iter()
        .map(|version| VersionUsage {
            deployed: found.deployed.contains(&version.id),
            id: version.id,
            number: version.number,
            created_on: version.created_at,
            bindings: version.bindings,
        })
        .collect();
    let active = deployments::active(reader, worker.id).await?;
    let reads = secret_reads::find(reader, found.secret_id, worker.id).await?;
    Ok(WorkerUsage {
        worker_id: worker.id,
        worker_name: Some(worker.name),
        bound: true,
        deployed: versions.iter().any(|version| version.deployed),
        version_count: worker.versions,
        versions,
        deployment: active.map(|deployment| DeploymentUsage {
            id: deployment.id,
            created_on: deployment.created_at,
            versions: deployment.split.shares().to_vec(),
        }),
        reads: reads.map(reads_view),
    })
}

/// The use by a Worker that read the secret once and binds it no more.
fn former_usage(worker: ReadingWorker) -> WorkerUsage {
    WorkerUsage {
        worker_id: worker.id,
        worker_name: worker.name,
        bound: false,
        deployed: false,
        version_count: 0,
        versions: Vec::new(),
        deployment: None,
        reads: Some(reads_view(worker.reads)),
    }
}

const fn reads_view(reads: Reads) -> ReadsUsage {
    ReadsUsage {
        first: reads.first_at,
        last: reads.last_at,
        count: reads.count,
    }
}
