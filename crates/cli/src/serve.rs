//! `coffer serve`: server and edge in one process.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use coffer_crypto::{PasswordHasher, SystemRandom};
use coffer_edge::{Edge, EdgeConfig, RuntimeConfig, WorkerdCheck, find_workerd};
use coffer_engine::{Engine, Installation};
use coffer_server::{App, Listening, Readiness, ServeLimits};
use coffer_types::{Clock, Random, SystemClock};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use rustls::ServerConfig;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::arguments::Serve;
use crate::config::Config;
use crate::failure::Failure;
use crate::installation::{self, Told, workers_url};
use crate::output;
use crate::tls::{self, CertificateFiles};

/// Reads of one secret by one version within a minute are one audit event after the first.
const ACCESS_WINDOW: Duration = Duration::from_secs(60);

/// How long the edge may take to take over what there is, before the server says that it is ready all the same.
const CATCH_UP: Duration = Duration::from_secs(10);

/// Serves until SIGTERM or SIGINT, then drains.
pub(crate) async fn run(serve: &Serve) -> Result<(), Failure> {
    let config = &crate::start(&serve.settings)?;
    if let Err(error) = coffer_edge::raise_descriptor_limit() {
        tracing::warn!(%error, "there may be few connections at once: the limit of open files cannot be raised");
    }
    // Whatever can be refused is refused before anything is made.
    let runtime = config.runtime(workerd(config)?);
    let tls = follow(config.tls.as_ref())?;
    let workers_tls = follow(config.workers_tls.as_ref())?;
    let (api_listener, listen) = bind(config.listen, "--listen")?;
    let (workers_listener, workers_listen) = bind(config.workers_listen, "--workers-listen")?;
    // Port 0 asks for any that is free: from here on the addresses are those that clients can use.
    let config = &config.listening_at(listen, workers_listen);
    let installation = open_or_create(config, serve).await?;

    let leases = installation.keyring().leases();
    let check = WorkerdCheck::new(runtime.clone(), leases.clone()).map_err(Failure::sentence)?;
    // As many passwords at once as there are cores: each keeps one busy.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let passwords = PasswordHasher::new(cores);
    let engine = Engine::new(
        installation,
        Arc::new(check),
        config.attempt_limits,
        passwords,
    );
    engine.expect_edge();
    // It ends by itself when the engine is gone.
    tokio::spawn(engine.keep_uses());
    let incoming = Incoming {
        listener: workers_listener,
        tls: workers_tls,
    };
    let edge = start_edge(config, runtime, incoming, &engine, leases)?;

    let parts = Arc::new(Parts::default());
    let mut registry = Registry::with_prefix("coffer");
    edge.register_metrics(&mut registry);
    parts.registry.get_or_init(|| registry);
    *parts.edge() = Some(edge);

    let readiness: Arc<dyn Readiness> = Arc::clone(&parts) as _;
    let app = App::new(
        engine.clone(),
        readiness,
        &config.workers_domain,
        config.workers_listen.port(),
        &config.public_url(),
        config.trusted_proxies.clone(),
    );
    let stop = CancellationToken::new();
    let api_listener = tokio::net::TcpListener::from_std(api_listener)
        .map_err(|error| Failure::error("failed to listen", error))?;
    let serving = tokio::spawn(coffer_server::serve(
        Listening::new(api_listener, tls),
        coffer_server::router(app),
        ServeLimits::default(),
        stop.clone(),
    ));
    let ended = EndSignals::listen()
        .map_err(|error| Failure::error("failed to listen for signals", error))?;
    parts.caught_up().await;
    output::data(&format!(
        "ready api={}://{} workers={}",
        tls::scheme(config.tls.as_ref()),
        config.listen,
        workers_url(config)
    ));

    ended.wait().await;
    tracing::info!("stopping: requests that are under way may finish");
    stop.cancel();
    let _ = serving.await;
    let edge = parts.edge().take();
    if let Some(edge) = edge {
        edge.shutdown().await;
    }
    engine.close().await;
    Ok(())
}

/// What the server asks about the rest of the process.
#[derive(Default)]
struct Parts {
    edge: Mutex<Option<Edge>>,
    registry: OnceLock<Registry>,
}

impl Parts {
    /// Waits until the edge has what there is to serve; an edge that cannot get it is waited for no longer, and
    /// `/readyz` goes on telling.
    async fn caught_up(&self) {
        let waiting = async {
            while self.waiting_for().is_some() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        if tokio::time::timeout(CATCH_UP, waiting).await.is_err() {
            tracing::warn!("the edge has not caught up yet");
        }
    }

    fn edge(&self) -> MutexGuard<'_, Option<Edge>> {
        self.edge.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Readiness for Parts {
    fn waiting_for(&self) -> Option<String> {
        let caught_up = self.edge().as_ref().is_some_and(Edge::is_caught_up);
        (!caught_up).then(|| "the edge to catch up".to_owned())
    }

    fn metrics(&self) -> String {
        let mut text = String::new();
        if let Some(registry) = self.registry.get() {
            // Writing to a string does not fail.
            let _ = encode(&mut text, registry);
        }
        text.trim_end_matches("# EOF\n").to_owned()
    }
}

async fn open_or_create(config: &Config, serve: &Serve) -> Result<Installation, Failure> {
    if let Some(installation) = installation::find(config).await? {
        return Ok(installation);
    }
    let (installation, initialised) = installation::create(config, &serve.first).await?;
    output::data(&Told::new(config, &initialised).text());
    Ok(installation)
}

/// Where Workers' clients come in.
struct Incoming {
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
}

fn follow(files: Option<&CertificateFiles>) -> Result<Option<Arc<ServerConfig>>, Failure> {
    files.map(|files| files.clone().follow()).transpose()
}

fn start_edge(
    config: &Config,
    runtime: RuntimeConfig,
    Incoming { listener, tls }: Incoming,
    engine: &Engine,
    leases: coffer_crypto::KeyLeases,
) -> Result<Edge, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let edge = EdgeConfig {
        runtime,
        replica_dir: config.data.join("edge"),
        workers_domain: config.workers_domain.clone(),
        listener,
        tls,
        access_window: ACCESS_WINDOW,
    };
    Edge::start(
        edge,
        Arc::new(engine.clone()),
        Arc::new(engine.clone()),
        leases,
        clock,
        random,
    )
    .map_err(Failure::sentence)
}

/// The workerd binary: named, or beside this directory or this program, or on the path.
fn workerd(config: &Config) -> Result<std::path::PathBuf, Failure> {
    let program = std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.to_owned()));
    let places: Vec<_> = std::env::current_dir()
        .ok()
        .into_iter()
        .chain(program)
        .collect();
    find_workerd(config.workerd.as_deref(), &places).map_err(Failure::sentence)
}

/// Listens at the address, and says where that is: port 0 becomes a free one.
fn bind(address: SocketAddr, flag: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = TcpListener::bind(address).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => Failure::conflict(format!(
            "{address} is in use: stop the program that listens there, or choose another address with {flag}"
        )),
        io::ErrorKind::PermissionDenied => Failure::sentence(format!(
            "this user may not listen on {address}: choose a port above 1023 with {flag}"
        )),
        _ => Failure::error(&format!("failed to listen on {address} ({flag})"), error),
    })?;
    listener
        .set_nonblocking(true)
        .and_then(|()| listener.local_addr())
        .map(|bound| (listener, bound))
        .map_err(|error| Failure::error("failed to listen", error))
}

/// SIGTERM and SIGINT, heard from the moment that they are listened for.
struct EndSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl EndSignals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
