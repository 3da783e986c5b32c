//! A data directory with its root key: the database belongs to the key beside it.

use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;

use coffer_crypto::{PasswordHasher, RootKey, RootKeyError, RootKeyFiles, SystemRandom};
use coffer_engine::{Initialised, Installation, InstallationError, NewInstallation, OpenError};
use coffer_types::name::InvalidName;
use coffer_types::{Email, SystemClock};
use serde::Serialize;

use crate::arguments::First;
use crate::config::Config;
use crate::failure::Failure;

/// What is told once about a new installation. It is the only place where these secrets appear.
#[derive(Serialize)]
pub(crate) struct Told<'a> {
    account_id: String,
    account_name: &'a str,
    email: &'a str,
    password: &'a str,
    api_token: &'a str,
    global_api_key: &'a str,
    dashboard_url: String,
    api_base_url: String,
    workers_url: String,
}

/// Opens the installation of the data directory.
///
/// # Errors
/// A sentence for whatever is missing or does not fit.
pub(crate) async fn open(config: &Config) -> Result<Installation, Failure> {
    let directory = config.data.display();
    find(config).await?.ok_or_else(|| {
        Failure::not_found(format!(
            "{directory} holds no Coffer database: run `coffer init --data {directory}` first"
        ))
    })
}

/// As [`open`]; `None` if there is none yet, or one that was begun and never told, as after a crash.
///
/// # Errors
/// A sentence for whatever is there and does not fit.
pub(crate) async fn find(config: &Config) -> Result<Option<Installation>, Failure> {
    refuse_local(config)?;
    if !Installation::exists(&config.data) {
        return Ok(None);
    }
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    match Installation::open_with(&config.data, &root_key_files(config), clock, random).await {
        Ok(installation) => Ok(Some(installation)),
        Err(InstallationError::Open(OpenError::Missing(_))) => Ok(None),
        Err(error) => Err(Failure::sentence(error)),
    }
}

/// Makes an installation in the data directory.
///
/// # Errors
/// A conflict if there is one; a sentence for whatever else prevents it.
pub(crate) async fn create(
    config: &Config,
    first: &First,
) -> Result<(Installation, Initialised), Failure> {
    refuse_local(config)?;
    let new = NewInstallation {
        account_name: account_name(&first.account_name)?,
        subdomain: first
            .subdomain
            .parse()
            .map_err(|error| wrong("--subdomain", error))?,
        email: Email::normalised(&first.email).map_err(|error| wrong("--email", error))?,
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&config.data)
        .map_err(|error| {
            Failure::error(&format!("failed to make {}", config.data.display()), error)
        })?;
    let root_key = create_root_key(config)?;
    let passwords = PasswordHasher::new(1);
    let made = Installation::create(
        &config.data,
        &root_key,
        &passwords,
        Arc::new(SystemClock),
        Arc::new(SystemRandom),
        new,
    )
    .await
    .map_err(|error| match error {
        InstallationError::Open(OpenError::Exists(path)) => Failure::conflict(format!(
            "{} already holds a Coffer installation",
            path.display()
        )),
        other => Failure::sentence(other),
    })?;
    let (installation, initialised) = made;
    let installation = installation.with_root_key(root_key_files(config));
    Ok((installation, initialised))
}

/// What is made for local development never becomes a server's, nor the other way round.
fn refuse_local(config: &Config) -> Result<(), Failure> {
    if !crate::local::is_local(&config.data) {
        return Ok(());
    }
    Err(Failure::conflict(format!(
        "{} holds the secrets of local development, which no server serves: name the server's own directory with \
         --data",
        config.data.display()
    )))
}

/// The key of a directory whose database was never made, as after a crash, is used; that of one whose
/// database is there fits it or is refused with it.
fn create_root_key(config: &Config) -> Result<RootKey, Failure> {
    let path = root_key_path(config);
    match RootKey::create(&path, &SystemRandom) {
        Err(RootKeyError::Exists(_)) => RootKey::load(&path).map_err(Failure::sentence),
        other => other.map_err(Failure::sentence),
    }
}

/// The files of the data directory's root key.
pub(crate) fn root_key_files(config: &Config) -> RootKeyFiles {
    RootKeyFiles::new(root_key_path(config))
}

/// Where the root key of the data directory is.
pub(crate) fn root_key_path(config: &Config) -> PathBuf {
    config.data.join("root.key")
}

fn account_name(text: &str) -> Result<String, Failure> {
    let fits = !text.trim().is_empty()
        && text.chars().count() <= 100
        && !text.chars().any(char::is_control);
    if fits {
        Ok(text.trim().to_owned())
    } else {
        Err(Failure::usage(
            "--account-name must be 1 to 100 printable characters",
        ))
    }
}

fn wrong(flag: &str, error: InvalidName) -> Failure {
    Failure::usage(format!("{flag} {error}"))
}

impl<'a> Told<'a> {
    /// What to tell of an installation that listens as configured.
    pub(crate) fn new(config: &Config, initialised: &'a Initialised) -> Self {
        Self {
            account_id: initialised.account_id.to_string(),
            account_name: &initialised.account_name,
            email: initialised.email.as_str(),
            password: initialised.password.expose_secret(),
            api_token: initialised.api_token.expose_secret(),
            global_api_key: initialised.global_api_key.expose_secret(),
            dashboard_url: format!("{}/", config.public_url()),
            api_base_url: format!("{}/client/v4", config.public_url()),
            workers_url: workers_url(config),
        }
    }

    /// The same for people, with the lines that Wrangler needs.
    pub(crate) fn text(&self) -> String {
        let Self {
            account_id,
            account_name,
            email,
            password,
            api_token,
            global_api_key,
            ..
        } = self;
        let Self {
            dashboard_url,
            api_base_url,
            workers_url,
            ..
        } = self;
        format!(
            "A new Coffer. What follows is shown once; keep it safe.\n\
             \n  \
             dashboard       {dashboard_url}\n  \
             workers         {workers_url}\n  \
             account         {account_name} ({account_id})\n  \
             email           {email}\n  \
             password        {password}\n  \
             global API key  {global_api_key}\n\
             \n\
             For Wrangler, SDKs and Terraform:\n\
             \n  \
             export CLOUDFLARE_API_BASE_URL={api_base_url}\n  \
             export CLOUDFLARE_ACCOUNT_ID={account_id}\n  \
             export CLOUDFLARE_API_TOKEN={api_token}\n"
        )
    }
}

/// Where Workers answer.
pub(crate) fn workers_url(config: &Config) -> String {
    let scheme = crate::tls::scheme(config.workers_tls.as_ref());
    match config.workers_listen.port() {
        80 if scheme == "http" => format!("http://{}", config.workers_domain),
        443 if scheme == "https" => format!("https://{}", config.workers_domain),
        port => format!("{scheme}://{}:{port}", config.workers_domain),
    }
}
