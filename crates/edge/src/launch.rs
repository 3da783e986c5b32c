//! Starting a version's process with everything it needs.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use coffer_crypto::KeyLeases;
use coffer_protocol::feed::{AccountRecord, VersionRecord};
use coffer_types::{Clock, VersionId};
use tokio::net::UnixListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::config::{self, Blueprint, Purpose};
use crate::delivery::{self, AccessLog, Client};
use crate::metrics::EdgeMetrics;
use crate::opening;
use crate::process::{
    Launch, Launched, Logs, Process, ProcessDir, Redactor, RuntimeDir, Spawner, Speaker,
    StartFailure,
};
use crate::replica::Replica;
use crate::settings::RuntimeConfig;

/// Starts versions of the replica.
pub(crate) struct Launcher {
    pub(crate) runtime: RuntimeConfig,
    pub(crate) directory: Arc<RuntimeDir>,
    pub(crate) spawner: Spawner,
    pub(crate) replica: Arc<Replica>,
    pub(crate) leases: KeyLeases,
    pub(crate) access: Arc<AccessLog>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: EdgeMetrics,
}

#[async_trait]
impl Launch for Launcher {
    async fn launch(&self, version_id: VersionId) -> Result<Launched, StartFailure> {
        let (version, account) = self.records(version_id)?;
        let contents = self.contents(&version).await?;
        let worker_secrets = opening::worker_secrets(&self.leases, &account, &version)
            .map_err(|error| StartFailure::Unavailable(error.to_string()))?;
        let redactor = Arc::new(Redactor::default());
        for (_, value) in &worker_secrets {
            redactor.add(value);
        }
        let unavailable = |error: std::io::Error| StartFailure::Unavailable(error.to_string());
        let directory = self.directory.process().await.map_err(unavailable)?;
        let configuration = config::build(&Blueprint {
            version: &version,
            contents: &contents,
            worker_secrets: &worker_secrets,
            secrets_socket: &directory.secrets(),
            empty_directory: self.directory.empty(),
            heap_megabytes: self.runtime.heap_megabytes,
            freshness_ms: self.runtime.freshness_ms,
            purpose: Purpose::Serve,
        })
        .map_err(|error| StartFailure::Refused(error.to_string()))?;
        drop(worker_secrets);

        let delivery = self
            .deliver(&version, &directory, &redactor)
            .map_err(unavailable)?;
        let speaker = Speaker {
            worker_name: version.worker_name.clone(),
            version_id,
        };
        let logs = Logs::new(Some(speaker), redactor);
        let process =
            Process::start(&self.runtime, &self.spawner, directory, configuration, logs).await?;
        Ok(Launched { process, delivery })
    }
}

impl Launcher {
    fn records(
        &self,
        version_id: VersionId,
    ) -> Result<(Arc<VersionRecord>, Arc<AccountRecord>), StartFailure> {
        let found = self.replica.read(|state| {
            let version = state.version(version_id)?;
            let account = state.account(version.account_id)?;
            Some((Arc::clone(version), Arc::clone(account)))
        });
        found.ok_or_else(|| StartFailure::Unavailable("the version is not here".to_owned()))
    }

    async fn contents(&self, version: &VersionRecord) -> Result<Vec<Bytes>, StartFailure> {
        let mut contents = Vec::with_capacity(version.modules.len());
        for module in &version.modules {
            let content = self.replica.blobs().read(module.digest).await;
            contents.push(content.map_err(|error| StartFailure::Unavailable(error.to_string()))?);
        }
        Ok(contents)
    }

    /// Answers the process's questions for secrets from now on.
    fn deliver(
        &self,
        version: &Arc<VersionRecord>,
        directory: &ProcessDir,
        redactor: &Arc<Redactor>,
    ) -> std::io::Result<DropGuard> {
        let stop = CancellationToken::new();
        let listener = UnixListener::bind(directory.secrets())?;
        let client = Client::new(
            Arc::clone(version),
            Arc::clone(&self.replica),
            self.leases.clone(),
            Arc::clone(&self.access),
            Arc::clone(redactor),
            Arc::clone(&self.clock),
            self.metrics.clone(),
        );
        tokio::spawn(delivery::serve(
            listener,
            client,
            self.metrics.clone(),
            stop.clone(),
        ));
        Ok(stop.drop_guard())
    }
}
