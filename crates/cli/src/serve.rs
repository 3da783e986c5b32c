//! `coffer serve`: server and edge in one process.

mod listeners;
mod notify;
mod parts;
mod signals;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use coffer_crypto::{PasswordHasher, SystemRandom};
use coffer_edge::{Edge, EdgeConfig, RuntimeConfig, WorkerdCheck, find_workerd};
use coffer_engine::{Engine, Installation, Operator};
use coffer_server::{
    App, Listening, OperatorApp, OperatorSocket, Readiness, ServeLimits, operator_router,
};
use coffer_types::{Clock, Random, SystemClock};
use prometheus_client::registry::Registry;
use rustls::ServerConfig;
use tokio_util::sync::CancellationToken;

use crate::arguments::Serve;
use crate::config::Config;
use crate::failure::Failure;
use crate::installation::{self, Told, workers_url};
use crate::output;
use crate::tls::{self, CertificateFiles, Followed};

use listeners::Listeners;
use parts::Parts;
use signals::{Asked, Signals};

/// Reads of one secret by one version within a minute are one audit event after the first.
const ACCESS_WINDOW: Duration = Duration::from_secs(60);

/// Serves until SIGTERM or SIGINT, then drains.
pub(crate) async fn run(serve: &Serve) -> Result<(), Failure> {
    let config = &crate::start(&serve.settings)?;
    if let Err(error) = coffer_edge::raise_descriptor_limit() {
        tracing::warn!(%error, "there may be few connections at once: the limit of open files cannot be raised");
    }
    // Whatever can be refused is refused before anything is made.
    let runtime = config.runtime(workerd(config.workerd.as_deref())?);
    let tls = follow(config.tls.as_ref())?;
    let workers_tls = follow(config.workers_tls.as_ref())?;
    let Listeners { api, workers } = listeners::listen(config)?;
    // Port 0 asks for any that is free: from here on the addresses are those that clients can use.
    let config = &config.listening_at(api.1, workers.1);
    let installation = open_or_create(config, serve).await?;

    let leases = installation.keyring().leases();
    let check = WorkerdCheck::new(runtime.clone(), leases.clone()).map_err(Failure::sentence)?;
    // As many passwords at once as there are cores: each keeps one busy.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let passwords = PasswordHasher::new(cores);
    let operator = Operator::new(installation.clone(), passwords.clone());
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
        listener: workers.0,
        tls: workers_tls.as_ref().map(Followed::config),
    };
    let edge = start_edge(config, runtime, incoming, &engine, leases)?;

    let traffic = edge.traffic();
    let parts = Arc::new(Parts::default());
    let mut registry = Registry::with_prefix("coffer");
    edge.register_metrics(&mut registry);
    parts.fill(edge, registry);

    let readiness: Arc<dyn Readiness> = Arc::clone(&parts) as _;
    let app = App::new(
        engine.clone(),
        readiness,
        traffic,
        &config.workers_domain,
        config.workers_listen.port(),
        &config.public_url(),
        config.trusted_proxies.clone(),
    );
    let stop = CancellationToken::new();
    let operator = OperatorApp::new(
        operator,
        &config.public_url(),
        Some(Arc::clone(&parts) as _),
    );
    let commands = OperatorSocket::bind(&config.data).map_err(Failure::sentence)?;
    let commands = tokio::spawn(commands.serve(operator_router(operator), stop.clone()));
    let api_listener = tokio::net::TcpListener::from_std(api.0)
        .map_err(|error| Failure::error("failed to listen", error))?;
    let serving = tokio::spawn(coffer_server::serve(
        Listening::new(api_listener, tls.as_ref().map(Followed::config)),
        coffer_server::router(app),
        ServeLimits::default(),
        stop.clone(),
    ));
    let signals =
        Signals::listen().map_err(|error| Failure::error("failed to listen for signals", error))?;
    parts.caught_up().await;
    let status = format!(
        "api={}://{} workers={}",
        tls::scheme(config.tls.as_ref()),
        config.listen,
        workers_url(config)
    );
    output::data(&format!("ready {status}"));
    tokio::spawn(notify::keep_alive());

    until_the_end(signals, &status, [&tls, &workers_tls]).await;
    tracing::info!("stopping: requests that are under way may finish");
    notify::stopping();
    stop.cancel();
    let _ = serving.await;
    let _ = commands.await;
    if let Some(edge) = parts.take_edge() {
        edge.shutdown().await;
    }
    engine.close().await;
    Ok(())
}

/// Waits until the server is to end. Until then it takes its certificates anew when it is told to.
async fn until_the_end(mut signals: Signals, status: &str, certificates: [&Option<Followed>; 2]) {
    notify::ready(status);
    while signals.next().await == Asked::Reload {
        notify::reloading();
        certificates
            .into_iter()
            .flatten()
            .for_each(Followed::reload);
        notify::ready(status);
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

fn follow(files: Option<&CertificateFiles>) -> Result<Option<Followed>, Failure> {
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
///
/// # Errors
/// Where there is none: with the command that installs it.
pub(crate) fn workerd(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.to_owned()));
    let places: Vec<_> = std::env::current_dir()
        .ok()
        .into_iter()
        .chain(program)
        .collect();
    find_workerd(named, &places).map_err(Failure::sentence)
}
