//! One workerd process: started with its sockets, watched, and ended.

mod directory;
mod heartbeat;
mod history;
mod line;
mod logs;
mod redaction;
mod slot;
mod spawn;
mod supervisor;
mod watch;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe;
use tokio::process::Child;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::config::{HEARTBEAT_SOCKET, HTTP_SOCKET};
use crate::settings::RuntimeConfig;
pub use directory::RuntimeDirError;
pub(crate) use directory::{ProcessDir, RuntimeDir, private_directory};
pub(crate) use line::OneLine;
use logs::Stream;
pub(crate) use logs::{Logs, Speaker};
pub(crate) use redaction::Redactor;
pub(crate) use slot::{Slot, SlotKey};
pub(crate) use spawn::Spawner;
pub(crate) use supervisor::{Launch, Launched, Supervisor};

/// Bytes of one line on the control pipe; they are short.
const MAX_CONTROL_LINE_BYTES: usize = 4096;
/// The longest that the last lines of an ended process are waited for.
const LAST_LINES: Duration = Duration::from_secs(1);
const MEBIBYTE: u64 = 1024 * 1024;

/// A process that is ready.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: u32,
    directory: ProcessDir,
    logs: Arc<Logs>,
    readers: Vec<JoinHandle<()>>,
    started_in: Duration,
}

/// Why a process did not become ready.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum StartFailure {
    /// It ended by itself and said why: the version is at fault.
    #[error("{0}")]
    Refused(String),
    /// It was killed because it was not ready in time: the version is at fault.
    #[error("the version was not ready within {} ms", .0.as_millis())]
    TooSlow(Duration),
    /// There are as many processes as there may be, all in use.
    #[error("there are as many processes as there may be")]
    NoRoom,
    /// The machine or the installation is at fault.
    #[error("{0}")]
    Unavailable(String),
}

impl StartFailure {
    fn unavailable(doing: &str, error: &io::Error) -> Self {
        Self::Unavailable(format!("{doing}: {error}"))
    }
}

impl Process {
    /// Starts workerd with this configuration on sockets in this directory, and waits until it listens.
    ///
    /// # Errors
    /// When it cannot be spawned, ends before it is ready, or is not ready in time; nothing is left running.
    pub(crate) async fn start(
        runtime: &RuntimeConfig,
        spawner: &Spawner,
        directory: ProcessDir,
        configuration: Zeroizing<Vec<u8>>,
        logs: Arc<Logs>,
    ) -> Result<Self, StartFailure> {
        let began = Instant::now();
        let (mut child, control) = spawn(runtime, spawner, &directory).await?;
        let readers = vec![
            tokio::spawn(follow(
                Stream::Output,
                child.stdout.take(),
                Arc::clone(&logs),
            )),
            tokio::spawn(follow(
                Stream::Error,
                child.stderr.take(),
                Arc::clone(&logs),
            )),
        ];
        let pid = child.id().unwrap_or_default();
        let mut process = Self {
            child,
            pid,
            directory,
            logs,
            readers,
            started_in: Duration::ZERO,
        };
        if let Err(error) = process.directory.note_process(pid) {
            return Err(StartFailure::unavailable("noting the process", &error));
        }
        let deadline = began + runtime.start_timeout;
        match tokio::time::timeout_at(deadline, process.hand_over(&configuration, control)).await {
            Ok(true) => {
                process.started_in = began.elapsed();
                Ok(process)
            }
            // It closed its pipes early. It is ending, or it is made to.
            Ok(false) => Err(process.explain_end(runtime, deadline).await),
            Err(_) => {
                process.kill().await;
                Err(StartFailure::TooSlow(runtime.start_timeout))
            }
        }
    }

    /// From spawn to ready.
    pub(crate) const fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Where it listens for requests.
    pub(crate) fn http_socket(&self) -> PathBuf {
        self.directory.http()
    }

    /// Whether the process answers a heartbeat in time.
    pub(crate) async fn beats(&self, timeout: Duration) -> bool {
        heartbeat::answers(&self.directory.heartbeat(), timeout).await
    }

    /// Waits until the process has ended by itself.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Asks the process to end, and kills it if it has not after `grace`.
    pub(crate) async fn stop(mut self, grace: Duration) {
        self.signal(Signal::TERM);
        if tokio::time::timeout(grace, self.child.wait())
            .await
            .is_err()
        {
            self.kill().await;
        }
        self.last_lines().await;
    }

    /// Ends the process at once.
    pub(crate) async fn kill(&mut self) {
        self.signal(Signal::KILL);
        let _ = self.child.wait().await;
    }

    /// What it printed last.
    pub(crate) fn tail(&self) -> String {
        self.logs.tail()
    }

    /// Whether an ended process had no memory left.
    pub(crate) fn is_out_of_memory(&self) -> bool {
        // The runtime's last words; it catches the signal, so its exit status does not tell.
        self.logs.mention("Received signal #") && self.logs.mention("out of memory")
    }

    /// Waits for what an ended process printed before its end.
    pub(crate) async fn last_lines(&mut self) {
        for reader in &mut self.readers {
            // A descendant may hold the pipe open; the lines read so far do.
            let _ = tokio::time::timeout(LAST_LINES, reader).await;
        }
    }

    fn signal(&self, signal: Signal) {
        // Without an id the process is reaped and its number may be another's.
        if self.child.id().is_some() {
            directory::kill_group(self.pid, signal);
        }
    }

    /// Writes the configuration and waits until both sockets are reported. False when a pipe breaks.
    async fn hand_over(&mut self, configuration: &[u8], control: pipe::Receiver) -> bool {
        let stdin = self.child.stdin.take();
        let write = async move {
            let Some(mut stdin) = stdin else { return false };
            stdin.write_all(configuration).await.is_ok() && stdin.shutdown().await.is_ok()
        };
        let (written, listening) = tokio::join!(write, listening(control));
        written && listening
    }

    async fn explain_end(mut self, runtime: &RuntimeConfig, deadline: Instant) -> StartFailure {
        if tokio::time::timeout_at(deadline, self.child.wait())
            .await
            .is_err()
        {
            self.kill().await;
        }
        self.last_lines().await;
        let tail = self.tail();
        StartFailure::Refused(if self.is_out_of_memory() {
            let limit = runtime.heap_megabytes;
            format!("the version needs more memory to start than its {limit} MiB")
        } else if tail.is_empty() {
            "the runtime ended without saying why".to_owned()
        } else {
            tail
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

async fn spawn(
    runtime: &RuntimeConfig,
    spawner: &Spawner,
    directory: &ProcessDir,
) -> Result<(Child, pipe::Receiver), StartFailure> {
    let listen = |path: &Path| {
        ProcessDir::listen(path)
            .map_err(|error| StartFailure::unavailable("making a socket", &error))
    };
    let (control, control_end) =
        io::pipe().map_err(|error| StartFailure::unavailable("making a pipe", &error))?;
    let descriptors = spawn::Descriptors {
        control: control_end.into(),
        http: listen(&directory.http())?.into(),
        heartbeat: listen(&directory.heartbeat())?.into(),
    };
    let arguments = [
        "serve".to_owned(),
        "--binary".to_owned(),
        format!("--socket-fd={HTTP_SOCKET}={}", spawn::HTTP_FD),
        format!("--socket-fd={HEARTBEAT_SOCKET}={}", spawn::HEARTBEAT_FD),
        format!("--control-fd={}", spawn::CONTROL_FD),
        "-".to_owned(),
    ];
    let child = spawner
        .spawn(
            &runtime.workerd,
            &arguments,
            Path::new("/"),
            descriptors,
            u64::from(runtime.data_megabytes) * MEBIBYTE,
        )
        .await
        .map_err(|error| StartFailure::unavailable("starting workerd", &error))?;
    let control = pipe::Receiver::from_owned_fd(control.into())
        .map_err(|error| StartFailure::unavailable("reading the control pipe", &error))?;
    Ok((child, control))
}

async fn follow(name: Stream, stream: Option<impl AsyncRead + Unpin>, logs: Arc<Logs>) {
    if let Some(stream) = stream {
        logs.follow(name, stream).await;
    }
}

/// Waits until the process reports that it listens on both sockets.
async fn listening(control: pipe::Receiver) -> bool {
    use tokio::io::AsyncReadExt;
    let mut lines = BufReader::new(control.take(2 * MAX_CONTROL_LINE_BYTES as u64)).lines();
    let mut waiting = vec![HTTP_SOCKET, HEARTBEAT_SOCKET];
    while !waiting.is_empty() {
        let Ok(Some(line)) = lines.next_line().await else {
            return false;
        };
        let Ok(event) = serde_json::from_str::<serde_json::Value>(&line) else {
            return false;
        };
        if event["event"] == "listen" {
            waiting.retain(|socket| event["socket"] != *socket);
        }
    }
    true
}
