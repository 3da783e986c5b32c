//! Starting a version's process with everything it needs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use coffer_crypto::KeyLeases;
use coffer_protocol::feed::{AccountRecord, VersionRecord};
use coffer_protocol::tail::TailSink;
use coffer_types::{Clock, Random, VersionId, WorkerId};
use serde_json::Value;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use crate::assets::{self, Sites};
use crate::config::{self, Blueprint, Purpose};
use crate::delivery::{self, AccessLog, Client};
use crate::gateway::Calls;
use crate::metrics::EdgeMetrics;
use crate::opening;
use crate::process::{
    Launch, Launched, Logs, Process, ProcessDir, Redactor, RuntimeDir, SlotKey, Spawner, Speaker,
    StartFailure,
};
use crate::replica::Replica;
use crate::routing::{Routes, Service};
use crate::settings::RuntimeConfig;
use crate::tail::{self, TailPort};

/// Starts versions of the replica.
pub(crate) struct Launcher {
    pub(crate) runtime: RuntimeConfig,
    pub(crate) directory: Arc<RuntimeDir>,
    pub(crate) spawner: Spawner,
    pub(crate) replica: Arc<Replica>,
    pub(crate) sites: Arc<Sites>,
    pub(crate) leases: KeyLeases,
    pub(crate) access: Arc<AccessLog>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: EdgeMetrics,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) routes: Routes,
    pub(crate) tails: Arc<dyn TailSink>,
}

#[async_trait]
impl Launch for Launcher {
    async fn launch(&self, key: SlotKey) -> Result<Launched, StartFailure> {
        self.launch_for(key, Purpose::Serve, None).await
    }
}

impl Launcher {
    /// Starts a version to run its scheduled handler once. With a cause it tells of the run to those who follow
    /// its Worker.
    pub(crate) async fn launch_scheduled(
        &self,
        version_id: VersionId,
        cause: Option<Value>,
    ) -> Result<Launched, StartFailure> {
        let tailed = cause.is_some();
        let key = SlotKey { version_id, tailed };
        self.launch_for(key, Purpose::Scheduled, cause).await
    }

    /// Whether somebody follows the Worker.
    pub(crate) fn is_tailed(&self, worker_id: WorkerId) -> bool {
        self.routes.is_tailed(worker_id)
    }

    /// The way to those who follow a version's Worker for a run without a process; `None` if there is no such version.
    pub(crate) fn tail_port(&self, version_id: VersionId, cause: Value) -> Option<Arc<TailPort>> {
        let (version, _) = self.records(version_id).ok()?;
        Some(self.port(&version, &Arc::default(), Some(cause)))
    }

    async fn launch_for(
        &self,
        key: SlotKey,
        purpose: Purpose,
        cause: Option<Value>,
    ) -> Result<Launched, StartFailure> {
        let SlotKey { version_id, tailed } = key;
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
        let services = config::services(&version);
        let sockets = 0..services.len();
        let service_sockets: Vec<_> = sockets.map(|place| directory.service(place)).collect();
        let tail_socket = directory.tail();
        let configuration = config::build(&Blueprint {
            version: &version,
            contents: &contents,
            worker_secrets: &worker_secrets,
            secrets_socket: &directory.secrets(),
            service_sockets: &service_sockets,
            assets_socket: &directory.assets(),
            tail_socket: tailed.then_some(tail_socket.as_path()),
            empty_directory: self.directory.empty(),
            heap_megabytes: self.runtime.heap_megabytes,
            freshness_ms: self.runtime.freshness_ms,
            purpose,
        })
        .map_err(|error| StartFailure::Refused(error.to_string()))?;
        drop(worker_secrets);

        let stop = CancellationToken::new();
        let delivery = stop.clone().drop_guard();
        self.deliver(&version, &directory, &redactor, &stop)
            .map_err(unavailable)?;
        self.connect(&version, &service_sockets, &stop)
            .map_err(unavailable)?;
        if config::binds_assets(&version) {
            let listener = UnixListener::bind(directory.assets()).map_err(unavailable)?;
            let sites = Arc::clone(&self.sites);
            tokio::spawn(assets::serve(listener, sites, version_id, stop.clone()));
        }
        let port = tailed.then(|| self.port(&version, &redactor, cause));
        let tail = port.map(|port| listen(port, &tail_socket, &stop));
        let tail = tail.transpose().map_err(unavailable)?;
        let speaker = Speaker {
            worker_name: version.worker_name.clone(),
            version_id,
        };
        let logs = Logs::new(Some(speaker), redactor);
        let process =
            Process::start(&self.runtime, &self.spawner, directory, configuration, logs).await?;
        Ok(Launched {
            process,
            delivery,
            tail,
        })
    }

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

    /// Answers the process's calls to other Workers until told to stop.
    fn connect(
        &self,
        version: &VersionRecord,
        sockets: &[PathBuf],
        stop: &CancellationToken,
    ) -> std::io::Result<()> {
        if sockets.is_empty() {
            return Ok(());
        }
        let mut seed = [0; 8];
        self.random.fill(&mut seed);
        let calls = Calls::new(u64::from_ne_bytes(seed));
        for (name, socket) in config::services(version).into_iter().zip(sockets) {
            let listener = UnixListener::bind(socket)?;
            let routes = self.routes.clone();
            let service = Service::new(routes, version.account_id, name.clone());
            let serving = calls
                .clone()
                .serve(listener, Arc::new(service), stop.clone());
            tokio::spawn(serving);
        }
        Ok(())
    }

    fn port(
        &self,
        version: &Arc<VersionRecord>,
        redactor: &Arc<Redactor>,
        cause: Option<Value>,
    ) -> Arc<TailPort> {
        TailPort::new(
            Arc::clone(version),
            Arc::clone(redactor),
            Arc::clone(&self.tails),
            Arc::clone(&self.clock),
            cause,
        )
    }

    /// Answers the process's questions for secrets until told to stop.
    fn deliver(
        &self,
        version: &Arc<VersionRecord>,
        directory: &ProcessDir,
        redactor: &Arc<Redactor>,
        stop: &CancellationToken,
    ) -> std::io::Result<()> {
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
        Ok(())
    }
}

/// Takes what the process tells of what it does until told to stop.
fn listen(
    port: Arc<TailPort>,
    socket: &Path,
    stop: &CancellationToken,
) -> std::io::Result<Arc<TailPort>> {
    let listener = UnixListener::bind(socket)?;
    tokio::spawn(tail::serve(listener, Arc::clone(&port), stop.clone()));
    Ok(port)
}
