//! The embedded Coffer of a project: its secrets while it is developed, in `.coffer/`.
//!
//! It is an installation like any other, with the same engine and sealed values, for one developer. A mark keeps it
//! apart: `coffer serve` refuses a directory that has it, and development refuses one that has not.

mod directory;

pub(crate) use directory::{LocalDirectory, NAME as DIRECTORY, SOCKET, is_local};

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use coffer_crypto::{PasswordHasher, RootKey, SystemRandom};
use coffer_engine::{
    AccountLimits, AttemptLimits, Engine, Installation, InstallationError, NewInstallation,
    OpenError,
};
use coffer_protocol::runtime::{Candidate, StartCheck, StartError, Started};
use coffer_protocol::traffic::{TrafficPart, TrafficSource, TrafficSpan};
use coffer_server::{App, InProcess, Readiness};
use coffer_types::{AccountId, Clock, Email, SystemClock, Timestamp, WorkerId};
use zeroize::Zeroizing;

use crate::api::{Api, Credentials, Transport};
use crate::failure::Failure;

/// How long another command may keep the directory before this one gives up.
const WAIT: Duration = Duration::from_secs(10);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// What a developer's own account may hold: enough never to be met.
const LIMITS: AccountLimits = AccountLimits {
    stores: 1_000,
    secrets: 1_000_000,
    value_bytes: 65_536,
    workers: 10_000,
};

/// A project's Coffer, ready to be asked.
#[derive(Debug)]
pub(crate) struct Local {
    /// Its API, in this process, or in the `coffer dev` that runs.
    pub(crate) api: Api,
    /// Its only account.
    pub(crate) account: AccountId,
    engine: Option<Engine>,
}

/// A project's Coffer that this process holds: nobody else does.
pub(crate) struct Held {
    /// The installation.
    pub(crate) installation: Installation,
    /// Its only account.
    pub(crate) account: AccountId,
    /// The token that may do everything in it.
    pub(crate) token: Zeroizing<String>,
}

impl Local {
    /// Opens a project's Coffer, and makes it first if there is none. Where a `coffer dev` holds it, that one is asked.
    ///
    /// # Errors
    /// A sentence for what is there and does not fit, and a conflict if another command does not let go of it.
    pub(crate) async fn open(directory: &Path) -> Result<Self, Failure> {
        let place = LocalDirectory::prepare(directory)?;
        let mut waited = Duration::ZERO;
        loop {
            match hold(&place).await {
                Ok(held) => return Ok(Self::in_process(&place, held)),
                Err(Hold::Taken) => {
                    if let Some(local) = Self::of_running(&place).await? {
                        return Ok(local);
                    }
                }
                Err(Hold::Failed(failure)) => return Err(failure),
            }
            if waited >= WAIT {
                return Err(Failure::conflict(format!(
                    "{} is in use by another coffer command that does not end: stop it",
                    directory.display()
                )));
            }
            tokio::time::sleep(PAUSE).await;
            waited += PAUSE;
        }
    }

    /// The project's Coffer in this process, which holds it.
    pub(crate) fn in_process(place: &LocalDirectory, held: Held) -> Self {
        let engine = engine(held.installation, Arc::new(NoRuntime));
        let app = app(engine.clone(), Arc::new(AlwaysReady), Arc::new(NoTraffic));
        let transport = Transport::InProcess {
            server: InProcess::new(coffer_server::router(app)),
            directory: place.path().to_owned(),
        };
        Self {
            api: Api::new(transport, Some(Credentials::Token(held.token))),
            account: held.account,
            engine: Some(engine),
        }
    }

    /// Its engine, if it is in this process.
    pub(crate) const fn engine(&self) -> Option<&Engine> {
        self.engine.as_ref()
    }

    /// The Coffer of a `coffer dev` that runs on the directory.
    async fn of_running(place: &LocalDirectory) -> Result<Option<Self>, Failure> {
        let Some(socket) = place.reachable_socket().await else {
            return Ok(None);
        };
        let (account, token) = place.access()?;
        Ok(Some(Self {
            api: Api::new(
                Transport::to_socket(socket)?,
                Some(Credentials::Token(token)),
            ),
            account,
            engine: None,
        }))
    }

    /// Writes what is left and lets go of the directory.
    pub(crate) async fn close(self) {
        if let Some(engine) = self.engine {
            engine.close().await;
        }
    }
}

/// Why a directory is not held.
pub(crate) enum Hold {
    /// Another process holds it.
    Taken,
    /// It does not fit.
    Failed(Failure),
}

impl From<Failure> for Hold {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Opens the installation of a project's directory, or makes it.
pub(crate) async fn hold(place: &LocalDirectory) -> Result<Held, Hold> {
    let installation = match open(place.path()).await? {
        Some(installation) => installation,
        None => {
            if let Err(broken) = place.check_is_new() {
                // Another command may have made it since.
                return Err(match Installation::exists(place.path()) {
                    true => Hold::Taken,
                    false => Hold::Failed(broken),
                });
            }
            create(place).await?
        }
    };
    let (account, token) = place.access()?;
    Ok(Held {
        installation,
        account,
        token,
    })
}

/// The engine of a project, whose Workers are tried by `check`.
pub(crate) fn engine(installation: Installation, check: Arc<dyn StartCheck>) -> Engine {
    let attempts = AttemptLimits::default();
    Engine::local(installation, check, attempts, PasswordHasher::new(1))
}

/// The server over it. Addresses that it would tell are not used.
pub(crate) fn app(
    engine: Engine,
    readiness: Arc<dyn Readiness>,
    traffic: Arc<dyn TrafficSource>,
) -> App {
    App::new(
        engine,
        readiness,
        traffic,
        "localhost",
        80,
        "http://coffer.localhost",
        Vec::new(),
    )
}

async fn open(directory: &Path) -> Result<Option<Installation>, Hold> {
    if !Installation::exists(directory) {
        return Ok(None);
    }
    let root_key = RootKey::load(&root_key_path(directory)).map_err(Failure::sentence)?;
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    match Installation::open(directory, &root_key, clock, random).await {
        Ok(installation) => Ok(Some(installation)),
        Err(InstallationError::Open(OpenError::Missing(_))) => Ok(None),
        Err(InstallationError::Open(OpenError::Locked(_))) => Err(Hold::Taken),
        Err(error @ InstallationError::Open(OpenError::Database { .. })) => Err(Hold::Failed(
            Failure::sentence(error).advised("see whether its disk is full"),
        )),
        Err(error) => Err(Hold::Failed(Failure::sentence(error))),
    }
}

async fn create(place: &LocalDirectory) -> Result<Installation, Hold> {
    let directory = place.path();
    let path = root_key_path(directory);
    let root_key = match RootKey::create(&path, &SystemRandom) {
        Err(coffer_crypto::RootKeyError::Exists(_)) => RootKey::load(&path),
        other => other,
    }
    .map_err(Failure::sentence)?;
    let parsed = |error: coffer_types::name::InvalidName| Failure::sentence(error);
    let new = NewInstallation {
        account_name: "Local development".to_owned(),
        subdomain: "dev".parse().map_err(parsed)?,
        email: Email::normalised("developer@coffer.localhost").map_err(parsed)?,
    };
    let created = Installation::create(
        directory,
        &root_key,
        &PasswordHasher::new(1),
        Arc::new(SystemClock),
        Arc::new(SystemRandom),
        new,
    )
    .await;
    let (installation, initialised) = match created {
        Ok(created) => created,
        Err(InstallationError::Open(OpenError::Locked(_) | OpenError::Exists(_))) => {
            return Err(Hold::Taken);
        }
        Err(error) => return Err(Hold::Failed(Failure::sentence(error))),
    };
    installation
        .set_limits(initialised.account_id, LIMITS)
        .await
        .map_err(Failure::from)?;
    place.keep_access(
        initialised.account_id,
        initialised.api_token.expose_secret(),
    )?;
    Ok(installation)
}

fn root_key_path(directory: &Path) -> PathBuf {
    directory.join("root.key")
}

/// There are no Workers to start: only secrets are managed.
struct NoRuntime;

#[async_trait]
impl StartCheck for NoRuntime {
    async fn check(&self, _candidate: Candidate<'_>) -> Result<Started, StartError> {
        Err(StartError::Unavailable(
            "only `coffer dev` runs Workers".to_owned(),
        ))
    }
}

struct AlwaysReady;

impl Readiness for AlwaysReady {
    fn waiting_for(&self) -> Option<String> {
        None
    }

    fn metrics(&self) -> String {
        String::new()
    }
}

/// There are no requests of Workers to count.
struct NoTraffic;

impl TrafficSource for NoTraffic {
    fn since(&self) -> Timestamp {
        SystemClock.now()
    }

    fn of_worker(&self, _worker_id: WorkerId, _span: TrafficSpan) -> Option<Vec<TrafficPart>> {
        None
    }
}
