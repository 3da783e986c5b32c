//! A running Coffer: the real command, on a fresh data directory, with ports of its own.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::api::ApiClient;
use crate::credentials::Credentials;
use crate::gateway::GatewayClient;
use crate::output::Output;
use crate::{port, process};

/// Names another binary than the one that cargo built beside the test.
const BINARY_VARIABLE: &str = "COFFER_BINARY";

/// Longer than starting and stopping take on a loaded machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// How an instance differs from the default.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Further arguments of `coffer serve`.
    pub arguments: Vec<OsString>,
    /// Further environment of every command.
    pub environment: Vec<(OsString, OsString)>,
}

/// A Coffer of one test. Dropping it kills it and removes its data.
#[derive(Debug)]
pub struct Instance {
    data: TempDir,
    settings: Settings,
    api_port: u16,
    workers_port: u16,
    credentials: Credentials,
    running: Option<Running>,
    past_output: String,
}

#[derive(Debug)]
struct Running {
    child: Child,
    pid: u32,
    stdout: Output,
    stderr: Output,
}

/// Why an instance does not run.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// The command is not built.
    #[error("there is no {0}: build it first, with cargo build --package coffer")]
    NotBuilt(PathBuf),
    /// A file or process could not be made.
    #[error("failed to run coffer: {0}")]
    Io(#[from] io::Error),
    /// Every port is taken.
    #[error("no unused port")]
    NoPort,
    /// `coffer init` did not do what it should.
    #[error("coffer init failed ({status}): {stderr}")]
    Init {
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        stderr: String,
    },
    /// `coffer init --json` printed something else.
    #[error("coffer init printed no credentials: {0}")]
    Credentials(#[from] serde_json::Error),
    /// `coffer serve` ended or hung before it was ready.
    #[error("coffer serve did not become ready; it printed: {0}")]
    NotReady(String),
    /// It is not running.
    #[error("coffer is not running")]
    NotRunning,
    /// It goes on where it should have ended.
    #[error("coffer did not end; it printed: {0}")]
    NotEnding(String),
}

impl Instance {
    /// Initialises a fresh data directory and serves it.
    ///
    /// # Errors
    /// [`InstanceError`].
    pub async fn start() -> Result<Self, InstanceError> {
        Self::start_with(Settings::default()).await
    }

    /// As [`Instance::start`], with settings.
    ///
    /// # Errors
    /// [`InstanceError`].
    pub async fn start_with(settings: Settings) -> Result<Self, InstanceError> {
        let mut instance = Self::initialise(settings).await?;
        instance.serve().await?;
        Ok(instance)
    }

    /// Initialises a fresh data directory, without serving it.
    ///
    /// # Errors
    /// [`InstanceError`].
    pub async fn initialise(settings: Settings) -> Result<Self, InstanceError> {
        let directory = tempfile::Builder::new().prefix("coffer-test-").tempdir()?;
        let api_port = port::unused().ok_or(InstanceError::NoPort)?;
        let workers_port = port::unused().ok_or(InstanceError::NoPort)?;
        let mut command = command(&settings, directory.path())?;
        let answer = command
            .args(["init", "--json", "--data"])
            .arg(directory.path().join("data"))
            .output()
            .await?;
        if !answer.status.success() {
            return Err(InstanceError::Init {
                status: answer.status,
                stderr: String::from_utf8_lossy(&answer.stderr).into_owned(),
            });
        }
        Ok(Self {
            credentials: serde_json::from_slice(&answer.stdout)?,
            data: directory,
            settings,
            api_port,
            workers_port,
            running: None,
            past_output: String::new(),
        })
    }

    /// Serves the data directory and waits for `ready`. Says how long that took.
    ///
    /// # Errors
    /// [`InstanceError::NotReady`] with all that was printed.
    pub async fn serve(&mut self) -> Result<Duration, InstanceError> {
        let started = Instant::now();
        let mut child = self
            .serve_command()?
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, so that an interrupt at the terminal reaches only the test.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().ok_or(InstanceError::NotRunning)?;
        let stdout = Output::of(child.stdout.take().ok_or(InstanceError::NotRunning)?);
        let stderr = Output::of(child.stderr.take().ok_or(InstanceError::NotRunning)?);
        let running = self.running.insert(Running {
            child,
            pid,
            stdout,
            stderr,
        });
        let ready = running.stdout.line_where(is_ready);
        match tokio::time::timeout(DEADLINE, ready).await {
            Ok(Some(_)) => Ok(started.elapsed()),
            Ok(None) | Err(_) => {
                self.kill().await?;
                Err(InstanceError::NotReady(self.output()))
            }
        }
    }

    /// Runs `coffer serve` with further arguments until it ends by itself: for what must be refused.
    ///
    /// # Errors
    /// [`InstanceError::NotEnding`] if it serves instead.
    pub async fn serve_to_its_end(
        &self,
        arguments: &[&str],
    ) -> Result<std::process::Output, InstanceError> {
        let mut command = self.serve_command()?;
        let ended = command.args(arguments).kill_on_drop(true).output();
        let ended = tokio::time::timeout(DEADLINE, ended).await;
        Ok(ended.map_err(|_| InstanceError::NotEnding("nothing".to_owned()))??)
    }

    /// Ends the server with SIGKILL, as a power failure would, and waits until it is gone.
    ///
    /// # Errors
    /// [`InstanceError::NotRunning`].
    pub async fn kill(&mut self) -> Result<(), InstanceError> {
        let mut running = self.running.take().ok_or(InstanceError::NotRunning)?;
        running.child.kill().await?;
        self.keep_output(&running).await;
        Ok(())
    }

    /// Asks the server to end with SIGTERM and waits until it did.
    ///
    /// # Errors
    /// [`InstanceError::NotRunning`], or [`InstanceError::NotEnding`] after half a minute.
    pub async fn terminate(&mut self) -> Result<ExitStatus, InstanceError> {
        let mut running = self.running.take().ok_or(InstanceError::NotRunning)?;
        process::signal(running.pid, Signal::TERM)?;
        let ended = tokio::time::timeout(DEADLINE, running.child.wait()).await;
        if ended.is_err() {
            running.child.kill().await?;
        }
        self.keep_output(&running).await;
        ended
            .map_err(|_| InstanceError::NotEnding(self.output()))?
            .map_err(Into::into)
    }

    /// The server's process, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.pid)
    }

    /// Everything the server printed so far, in all its runs: stdout, then stderr of each.
    pub fn output(&self) -> String {
        let mut output = self.past_output.clone();
        if let Some(running) = &self.running {
            output.push_str(&running.printed());
        }
        output
    }

    /// What `coffer init` printed.
    pub const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.data.path().join("data")
    }

    /// What clients are given as `CLOUDFLARE_API_BASE_URL`.
    pub fn api_base_url(&self) -> String {
        format!("http://127.0.0.1:{}/client/v4", self.api_port)
    }

    /// The API listener's address, for `/healthz`, `/readyz` and `/metrics`.
    pub fn api_origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.api_port)
    }

    /// The port where Workers answer.
    pub const fn workers_port(&self) -> u16 {
        self.workers_port
    }

    /// The API as the administrator.
    pub fn api(&self) -> ApiClient {
        ApiClient::with_token(&self.api_base_url(), &self.credentials)
    }

    /// The Workers of the first account.
    pub fn gateway(&self) -> GatewayClient {
        self.gateway_of("dev.localhost")
    }

    /// What answers below a domain: an account's Workers, or at `pages.localhost` all Pages projects.
    pub fn gateway_of(&self, domain: &str) -> GatewayClient {
        GatewayClient::new(self.workers_port, domain)
    }

    /// Another `coffer` command, in the environment of this instance.
    ///
    /// # Errors
    /// [`InstanceError::NotBuilt`].
    pub fn command(&self) -> Result<Command, InstanceError> {
        command(&self.settings, self.data.path())
    }

    fn serve_command(&self) -> Result<Command, InstanceError> {
        let mut command = self.command()?;
        command
            .args(["serve", "--workers-domain", "localhost", "--data"])
            .arg(self.data_dir())
            .arg("--listen")
            .arg(format!("127.0.0.1:{}", self.api_port))
            .arg("--workers-listen")
            .arg(format!("127.0.0.1:{}", self.workers_port))
            .args(&self.settings.arguments);
        Ok(command)
    }

    async fn keep_output(&mut self, running: &Running) {
        // A runtime that outlives the server for a moment may hold its streams open.
        let ended = async { tokio::join!(running.stdout.ended(), running.stderr.ended()) };
        drop(tokio::time::timeout(Duration::from_secs(1), ended).await);
        self.past_output.push_str(&running.printed());
    }
}

impl Drop for Instance {
    #[allow(
        clippy::print_stderr,
        reason = "what the server printed explains a failed test"
    )]
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            // Fails only when the group is gone already.
            drop(process::signal_group(pid, Signal::KILL));
        }
        if std::thread::panicking() {
            eprintln!("--- coffer printed:\n{}", self.output());
        }
    }
}

impl Running {
    fn printed(&self) -> String {
        format!("{}{}", self.stdout.text(), self.stderr.text())
    }
}

/// `coffer` with nothing of the test's own environment but what finds programs.
fn command(settings: &Settings, home: &Path) -> Result<Command, InstanceError> {
    let binary = binary()?;
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("HOME", home)
        .env("NO_COLOR", "1")
        .envs(
            settings
                .environment
                .iter()
                .map(|(name, value)| (name, value)),
        )
        .current_dir(workspace())
        .stdin(Stdio::null());
    Ok(command)
}

/// The binary that cargo built with the tests: `target/<profile>/coffer`, two levels above the test's own.
///
/// # Errors
/// [`InstanceError::NotBuilt`].
pub fn binary() -> Result<PathBuf, InstanceError> {
    let named = std::env::var_os(BINARY_VARIABLE).map(PathBuf::from);
    let built = || {
        let test = std::env::current_exe()?;
        let profile = test.ancestors().nth(2).unwrap_or(Path::new("."));
        Ok::<_, io::Error>(profile.join("coffer"))
    };
    let binary = named.map_or_else(built, Ok)?;
    if binary.is_file() {
        Ok(binary)
    } else {
        Err(InstanceError::NotBuilt(binary))
    }
}

/// The checkout: where `node_modules`, and so the runtime, is.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn is_ready(line: &str) -> bool {
    let mut words = line.split(|other: char| !other.is_ascii_alphanumeric());
    words.any(|word| word.eq_ignore_ascii_case("ready")) && line.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_with_the_addresses_is_ready() {
        assert!(is_ready(
            "ready api=http://127.0.0.1:1 workers=http://127.0.0.1:2"
        ));
        assert!(!is_ready("already listening on http://127.0.0.1:1"));
        assert!(!is_ready("getting ready"));
    }
}
