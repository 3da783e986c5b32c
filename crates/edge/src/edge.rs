//! One edge: replica, routes, processes and gateway together.

use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use coffer_crypto::KeyLeases;
use coffer_protocol::feed::ChangeSource;
use coffer_protocol::tail::TailSink;
use coffer_protocol::traffic::TrafficSource;
use coffer_types::{Clock, EdgeId, Random};
use prometheus_client::registry::Registry;
use tokio::task::JoinHandle;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;

use crate::assets::Sites;
use crate::cron::Scheduler;
use crate::delivery::AccessLog;
use crate::gateway::{self, GatewayConfig, GatewayMetrics, RequestObserver};
use crate::launch::Launcher;
use crate::metrics::EdgeMetrics;
use crate::process::{RuntimeDir, RuntimeDirError, Spawner, Supervisor};
use crate::replica::{self, Replica};
use crate::routing::{Routes, Routing};
use crate::settings::RuntimeConfig;
use crate::tail;
use crate::traffic::Traffic;

/// What an edge needs to know at its start.
#[derive(Debug)]
pub struct EdgeConfig {
    /// How processes are run.
    pub runtime: RuntimeConfig,
    /// A directory of ours, mode 0700, for what this edge serves from. Made if missing.
    pub replica_dir: PathBuf,
    /// Host names are `<Worker>.<account's subdomain>.<this>`.
    pub workers_domain: String,
    /// Where Workers' clients come in; bound by the caller.
    pub listener: TcpListener,
    /// How TLS is spoken with Workers' clients; without it, what comes in is plain.
    pub tls: Option<Arc<ServerConfig>>,
    /// Reads of one secret by one version within so long are reported together, after the first.
    pub access_window: Duration,
}

/// What an edge does differently while somebody develops one Worker on their own machine.
#[derive(Clone, Debug)]
pub struct Development {
    /// The host name of the Worker that answers everything, whatever host is asked for.
    pub host: String,
    /// Who is told of each answer.
    pub observer: Arc<dyn RequestObserver>,
}

/// Why an edge does not start.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// The directory for sockets cannot be used.
    #[error(transparent)]
    RuntimeDir(#[from] RuntimeDirError),
    /// The replica's directory cannot be used.
    #[error("the replica directory {} cannot be used: {source}", .path.display())]
    ReplicaDir {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The machine gives no thread.
    #[error("a thread cannot be started: {0}")]
    Thread(io::Error),
}

/// A running edge. Dropped without [`shutdown`](Self::shutdown) it stops too, but nobody waits for it.
#[derive(Debug)]
pub struct Edge {
    replica: Arc<Replica>,
    directory: Arc<RuntimeDir>,
    supervisor: Arc<Supervisor>,
    metrics: EdgeMetrics,
    gateway_metrics: GatewayMetrics,
    traffic: Arc<Traffic>,
    stop_gateway: CancellationToken,
    stop_following: CancellationToken,
    gateway: Option<JoinHandle<()>>,
    routing: JoinHandle<()>,
    following: Vec<JoinHandle<()>>,
}

impl Edge {
    /// Starts an edge on the current tokio runtime. It serves what its directory holds at once, and follows
    /// the source from then on; a source that is away is waited for.
    ///
    /// # Errors
    /// When a directory cannot be used or a thread cannot be started.
    pub fn start(
        config: EdgeConfig,
        source: Arc<dyn ChangeSource>,
        tails: Arc<dyn TailSink>,
        leases: KeyLeases,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, EdgeError> {
        Self::start_for(config, None, source, tails, leases, clock, random)
    }

    /// As [`start`](Self::start), for developing one Worker if that is what it is for.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    #[allow(
        clippy::needless_pass_by_value,
        reason = "given like the other sources of what happens, whether or not it is kept"
    )]
    pub fn start_for(
        config: EdgeConfig,
        development: Option<Development>,
        source: Arc<dyn ChangeSource>,
        tails: Arc<dyn TailSink>,
        leases: KeyLeases,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, EdgeError> {
        let metrics = EdgeMetrics::default();
        let replica = Replica::open(
            &config.replica_dir,
            Arc::clone(&source),
            random.as_ref(),
            metrics.clone(),
        )
        .map_err(|source| EdgeError::ReplicaDir {
            path: config.replica_dir.clone(),
            source,
        })?;
        let access = AccessLog::new(
            config.access_window,
            Arc::clone(&clock),
            Arc::clone(&source),
            metrics.clone(),
        );
        let directory = RuntimeDir::open(&config.runtime.runtime_dir, "edge")?;
        let routes = Routes::default();
        let sites = Sites::new(Arc::clone(&replica));
        let launcher = Arc::new(Launcher {
            runtime: config.runtime.clone(),
            directory: Arc::clone(&directory),
            spawner: Spawner::start().map_err(EdgeError::Thread)?,
            replica: Arc::clone(&replica),
            sites: Arc::clone(&sites),
            leases,
            access: Arc::clone(&access),
            clock: Arc::clone(&clock),
            metrics: metrics.clone(),
            random: Arc::clone(&random),
            routes: routes.clone(),
            tails: Arc::clone(&tails),
        });
        // A process may answer with what it has for one window, and ask for the next with an answer on its way.
        let settle = Duration::from_millis(2 * u64::from(config.runtime.freshness_ms));
        let launch = Arc::clone(&launcher) as _;
        let supervisor = Supervisor::new(config.runtime, launch, metrics.clone());
        let traffic = Traffic::new(Arc::clone(&clock));
        let scheduler = Scheduler::new(
            Arc::clone(&replica),
            launcher,
            Arc::clone(&supervisor),
            clock,
            Arc::clone(&random),
        );
        supervisor.spawn(scheduler.follow());
        let routing = Routing::new(
            Arc::clone(&replica),
            Arc::clone(&supervisor),
            sites,
            Arc::clone(&traffic),
            &config.workers_domain,
            number(random.as_ref()),
        );
        routes.are(&routing);

        let stop_gateway = CancellationToken::new();
        let stop_following = CancellationToken::new();
        let gateway_metrics = GatewayMetrics::default();
        let (only_host, observer) = match development {
            Some(Development { host, observer }) => (Some(host.into()), Some(observer)),
            None => (None, None),
        };
        let gateway_config = GatewayConfig {
            metrics: gateway_metrics.clone(),
            request_id_seed: number(random.as_ref()),
            tls: config.tls,
            only_host,
            observer,
            ..GatewayConfig::default()
        };
        let routes: Arc<dyn gateway::Directory> = Arc::clone(&routing) as _;
        let serving = gateway::serve(
            config.listener,
            routes,
            gateway_config,
            stop_gateway.clone(),
        );
        let following = vec![
            tokio::spawn(replica::follow(
                Arc::clone(&replica),
                source,
                settle,
                stop_following.clone(),
            )),
            tokio::spawn(access.report(stop_following.clone())),
            tokio::spawn(tail::follow(
                tails,
                replica.edge_id(),
                Arc::clone(&routing),
                stop_following.clone(),
            )),
        ];
        Ok(Self {
            replica,
            directory,
            supervisor,
            metrics,
            gateway_metrics,
            traffic,
            stop_gateway,
            stop_following,
            gateway: Some(tokio::spawn(async move {
                if let Err(error) = serving.await {
                    tracing::error!(%error, "the gateway has ended");
                }
            })),
            routing: tokio::spawn(routing.follow()),
            following,
        })
    }

    /// This edge's id, the same at every start with this replica directory.
    pub fn id(&self) -> EdgeId {
        self.replica.edge_id()
    }

    /// Whether the edge follows its source now. It serves either way.
    pub fn is_caught_up(&self) -> bool {
        self.replica.is_following()
    }

    /// The requests of Workers since the edge's start.
    pub fn traffic(&self) -> Arc<dyn TrafficSource> {
        Arc::clone(&self.traffic) as _
    }

    /// Makes the edge's counters part of what a registry prints.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.metrics.register(registry);
        self.gateway_metrics.register(registry);
    }

    /// Lets requests finish, stops the processes, reports the last reads and stores the replica.
    pub async fn shutdown(mut self) {
        self.stop_gateway.cancel();
        if let Some(gateway) = self.gateway.take() {
            let _ = gateway.await;
        }
        self.supervisor.stop().await;
        self.directory.release();
        self.stop_following.cancel();
        for task in std::mem::take(&mut self.following) {
            let _ = task.await;
        }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.stop_gateway.cancel();
        self.stop_following.cancel();
        self.supervisor.stop_soon();
        self.routing.abort();
    }
}

fn number(random: &dyn Random) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    u64::from_ne_bytes(bytes)
}
