//! The project's own Coffer with an edge: everything that a server is, in this process, for one Worker.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use coffer_crypto::SystemRandom;
use coffer_edge::{Development, Edge, EdgeConfig, RuntimeConfig, WorkerdCheck};
use coffer_engine::Engine;
use coffer_protocol::tail::{TailSink, TraceEvent};
use coffer_server::{InProcess, OperatorSocket, Readiness, for_socket};
use coffer_types::{AccountId, EdgeId, SystemClock, WorkerId};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::show::{self, Requests};
use crate::api::{Api, Credentials, Transport};
use crate::failure::Failure;
use crate::local::{self, Hold, LocalDirectory};

/// Below it Workers have host names that nobody outside asks for.
pub(super) const DOMAIN: &str = "localhost";
/// The label of the account in them.
pub(super) const SUBDOMAIN: &str = "dev";
/// Reads of one secret are told of together.
const ACCESS_WINDOW: Duration = Duration::from_secs(60);
/// What a replaced version gets for what it has begun: whoever develops waits for nothing that is old.
const DRAIN: Duration = Duration::from_secs(2);
/// How long a Worker may read a secret without asking again; a reload waits twice as long for its answer.
const FRESHNESS_MS: u32 = 20;
/// How long the edge may take to take over what there is.
const CATCH_UP: Duration = Duration::from_secs(10);
/// How long a first version may take to be followed.
const CAPTURE: Duration = Duration::from_secs(10);

/// The project's own Coffer, serving.
pub(super) struct Machine {
    /// Its API.
    pub(super) api: Api,
    /// Its only account.
    pub(super) account: AccountId,
    /// The workerd that runs Workers.
    pub(super) workerd: PathBuf,
    engine: Engine,
    edge: Edge,
    follower: Arc<Follower>,
    stop: CancellationToken,
    socket: JoinHandle<()>,
}

impl Machine {
    /// Holds the directory and serves at the listener. Every request goes to the Worker that has this host name.
    ///
    /// # Errors
    /// A conflict if another `coffer dev` serves the directory, and whatever is wrong with it.
    pub(super) async fn start(
        place: &LocalDirectory,
        workerd: PathBuf,
        listener: TcpListener,
        host: String,
    ) -> Result<Self, Failure> {
        let held = match local::hold(place).await {
            Ok(held) => held,
            Err(Hold::Failed(failure)) => return Err(failure),
            Err(Hold::Taken) => {
                return Err(Failure::conflict(format!(
                    "another coffer uses {}, as a `coffer dev` that runs does: stop it, or give this one secrets of \
                     its own with --persist-to",
                    place.path().display()
                )));
            }
        };
        let runtime = RuntimeConfig {
            drain_timeout: DRAIN,
            drain_grace: DRAIN,
            term_grace: Duration::from_secs(1),
            freshness_ms: FRESHNESS_MS,
            ..RuntimeConfig::new(workerd.clone(), place.path().join("run"))
        };
        let leases = held.installation.keyring().leases();
        let check =
            WorkerdCheck::new(runtime.clone(), leases.clone()).map_err(Failure::sentence)?;
        let engine = local::engine(held.installation, Arc::new(check));
        engine.expect_edge();
        let follower = Arc::new(Follower::default());
        let config = EdgeConfig {
            runtime,
            replica_dir: place.path().join("edge"),
            workers_domain: DOMAIN.to_owned(),
            listener,
            tls: None,
            access_window: ACCESS_WINDOW,
        };
        let development = Development {
            host,
            observer: Arc::new(Requests),
        };
        let edge = Edge::start_for(
            config,
            Some(development),
            Arc::new(engine.clone()),
            Arc::clone(&follower) as _,
            leases,
            Arc::new(SystemClock),
            Arc::new(SystemRandom),
        )
        .map_err(Failure::sentence)?;
        caught_up(&edge).await?;
        let app = local::app(engine.clone(), Arc::new(Ready), edge.traffic());
        let router = coffer_server::router(app);
        let stop = CancellationToken::new();
        let socket =
            OperatorSocket::bind_named(place.path(), local::SOCKET).map_err(Failure::sentence)?;
        let socket = tokio::spawn(socket.serve(for_socket(router.clone()), stop.clone()));
        let transport = Transport::InProcess {
            server: InProcess::new(router),
            directory: place.path().to_owned(),
        };
        Ok(Self {
            api: Api::new(transport, Some(Credentials::Token(held.token))),
            account: held.account,
            workerd,
            engine,
            edge,
            follower,
            stop,
            socket,
        })
    }

    /// A path of the account, such as `/workers/scripts`.
    pub(super) fn path(&self, path: &str) -> String {
        format!("/accounts/{}{path}", self.account)
    }

    /// Follows a Worker's logs from now on, and waits until all of its requests are.
    pub(super) async fn follow(&self, worker: WorkerId) {
        let follower = &self.follower;
        follower.tailed.send_if_modified(|tailed| {
            let wanted = BTreeSet::from([worker]);
            let differs = *tailed != wanted;
            *tailed = wanted;
            differs
        });
        let mut captured = follower.captured.subscribe();
        let all = captured.wait_for(|captured| captured.contains(&worker));
        let _ = tokio::time::timeout(CAPTURE, all).await;
    }

    /// Ends everything; no process is left.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        let _ = self.socket.await;
        self.edge.shutdown().await;
        self.engine.close().await;
    }
}

async fn caught_up(edge: &Edge) -> Result<(), Failure> {
    let waiting = async {
        while !edge.is_caught_up() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(CATCH_UP, waiting)
        .await
        .map_err(|_| Failure::sentence("the project's own Coffer does not become ready"))
}

/// Prints what the followed Worker does.
#[derive(Default)]
struct Follower {
    tailed: watch::Sender<BTreeSet<WorkerId>>,
    captured: watch::Sender<BTreeSet<WorkerId>>,
}

#[async_trait]
impl TailSink for Follower {
    async fn tailed(&self, known: &BTreeSet<WorkerId>) -> BTreeSet<WorkerId> {
        let mut tailed = self.tailed.subscribe();
        // The sender lives as long as `self`.
        match tailed.wait_for(|now| now != known).await {
            Ok(now) => now.clone(),
            Err(_) => BTreeSet::new(),
        }
    }

    async fn capturing(&self, _edge: EdgeId, workers: BTreeSet<WorkerId>) {
        self.captured.send_replace(workers);
    }

    fn deliver(&self, _worker_id: WorkerId, event: TraceEvent) {
        show::event(&event);
    }
}

/// Nobody asks a developer's own server whether it is ready.
struct Ready;

impl Readiness for Ready {
    fn waiting_for(&self) -> Option<String> {
        None
    }

    fn metrics(&self) -> String {
        String::new()
    }
}
