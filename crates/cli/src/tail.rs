//! `coffer tail`: a Worker's logs as they come.

mod filter;
pub(crate) mod show;

use std::net::IpAddr;

use clap::{Args, ValueEnum};
use coffer_protocol::tail::{TailInfo, TraceEvent};
use coffer_types::VersionId;
use futures::{SinkExt, StreamExt};
use http::Method;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio_tungstenite::tungstenite::Message;

use crate::api::{Answer, Api, ApiError, Body, segment};
use crate::failure::Failure;
use crate::output::{self, Spinner};
use crate::secret::Format;
use crate::worker::WorkerFlags;

/// `coffer tail`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer tail\n  coffer tail my-worker --status error\n  coffer tail --json | jq .logs"
)]
pub(crate) struct Tail {
    /// The Worker [default: that of the configuration]
    worker_name: Option<String>,
    /// Only requests that this version answered
    #[arg(long, value_name = "ID")]
    version_id: Option<VersionId>,
    #[command(flatten)]
    filters: FilterFlags,
    #[command(flatten)]
    worker: WorkerFlags,
}

/// Flags that say which events are wanted, and how they are printed.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct FilterFlags {
    /// The form of events; --json is the same as json [default: pretty on a terminal, else json]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Only requests that ended like this
    #[arg(long, value_enum, num_args = 1..)]
    status: Vec<Status>,
    /// Only requests with this header, as NAME or NAME:VALUE
    #[arg(long, value_name = "HEADER")]
    header: Option<String>,
    /// Only requests of these methods
    #[arg(long, num_args = 1.., value_name = "METHOD")]
    method: Vec<String>,
    /// Only a part of the requests, 0 to 1
    #[arg(long, value_name = "RATE")]
    sampling_rate: Option<f64>,
    /// Only requests whose log lines hold this text
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only requests from these addresses; `self` is one's own
    #[arg(long, num_args = 1.., value_name = "ADDRESS")]
    ip: Vec<Address>,
    /// Of `--version-id`.
    #[arg(skip)]
    version_id: Option<VersionId>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Status {
    /// It was answered.
    Ok,
    /// An exception, or too much time or memory.
    Error,
    /// The client went away.
    Canceled,
}

/// An address, or one's own.
#[derive(Clone, Debug)]
struct Address(String);

impl std::str::FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "self" || text.parse::<IpAddr>().is_ok() {
            return Ok(Self(text.to_owned()));
        }
        Err("an address is like 192.0.2.1 or 2001:db8::1, or self".to_owned())
    }
}

/// Why a tail ended.
#[derive(Debug)]
pub(crate) enum TailError {
    /// It was not made.
    Refused(ApiError),
    /// It did not last.
    Ended(Failure),
}

impl From<Failure> for TailError {
    fn from(failure: Failure) -> Self {
        Self::Ended(failure)
    }
}

impl Tail {
    pub(crate) async fn run(mut self) -> Result<(), Failure> {
        self.filters.version_id = self.version_id;
        let worker = match &self.worker_name {
            Some(name) => self.worker.open_named(Some(name)).await?,
            None => self.worker.open().await?,
        };
        let path = worker.script_path("/tails");
        let what = format!("Worker {}", worker.name());
        run(worker.api(), &path, &what, &self.filters)
            .await
            .map_err(|error| match error {
                TailError::Refused(error) => worker.failure(error),
                TailError::Ended(failure) => failure,
            })
    }
}

/// Makes a tail at a path, and prints its events until it is interrupted.
///
/// # Errors
/// [`TailError`].
pub(crate) async fn run(
    api: &Api,
    path: &str,
    what: &str,
    flags: &FilterFlags,
) -> Result<(), TailError> {
    let filters = filter::of(flags)?;
    let json = match flags.format {
        None => output::is_json() || !output::stdout_is_terminal(),
        chosen => Format::is_json(chosen),
    };
    let body = Body::json(&json!({ "filters": filters }));
    let made: Answer<TailInfo> = api
        .write(Method::POST, path, &[], body)
        .await
        .map_err(TailError::Refused)?;
    let followed = follow(api, what, &made.result, json).await;
    let path = format!("{path}/{}", segment(&made.result.id));
    // It ends by itself, too; that it could not be ended at once is nothing to fail for.
    let _: Result<Answer<serde_json::Value>, _> =
        api.write(Method::DELETE, &path, &[], Body::none()).await;
    Ok(followed?)
}

async fn follow(api: &Api, what: &str, tail: &TailInfo, json: bool) -> Result<(), Failure> {
    // Listened for once: what comes between two turns of the loop would be missed by a new listener.
    let mut interrupted = signal(SignalKind::interrupt())
        .map_err(|error| Failure::error("failed to listen for Ctrl-C", error))?;
    let waiting = Spinner::start(format!("Connecting to {what}"));
    let mut events = api.follow(&tail.url, "trace-v1").await?;
    drop(waiting);
    let lost = |error| Failure::error("the connection was lost", error);
    events
        .send(Message::text(r#"{"debug":false}"#))
        .await
        .map_err(lost)?;
    output::note(format_args!("Following {what}; Ctrl-C ends it"));
    loop {
        let message = tokio::select! {
            _ = interrupted.recv() => break,
            message = events.next() => message,
        };
        match message {
            None | Some(Ok(Message::Close(_))) => {
                return Err(Failure::sentence(
                    "the server ended the tail: it ends when it has lasted its time, or the server stops; run it again",
                ));
            }
            Some(Ok(Message::Text(text))) => print(text.as_bytes(), json),
            Some(Ok(Message::Binary(bytes))) => print(&bytes, json),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(lost(error)),
        }
    }
    let _ = events.close(None).await;
    Ok(())
}

fn print(bytes: &[u8], json: bool) {
    if json {
        output::data(&String::from_utf8_lossy(bytes));
        return;
    }
    match serde_json::from_slice::<TraceEvent>(bytes) {
        Ok(event) => show::event(&event),
        Err(_) => output::note(output::printable(&String::from_utf8_lossy(bytes))),
    }
}
