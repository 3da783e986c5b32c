//! One run: a process is started, told what it is run for, and ended.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::Due;
use crate::launch::Launcher;
use crate::process::{OneLine, Process};
use crate::settings::RuntimeConfig;
use crate::tail::{Cut, TailPort};

/// The longest run, as documented for schedules.
const RUN_TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// Bytes of the answer: a status and headers.
const MAX_ANSWER_BYTES: u64 = 4096;
/// How long a process that has answered is waited for to tell what it did.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How a run ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Outcome {
    /// The handler and all that it left to be done went well.
    #[error("done")]
    Done,
    /// It threw. What is in the process's log.
    #[error("the handler threw an exception")]
    Threw,
    /// There is no such handler.
    #[error("the version has no scheduled handler")]
    NoHandler,
    /// The process did not become ready.
    #[error("the version did not start: {0}")]
    Start(String),
    /// The process ended before it answered.
    #[error("the process ended during the run")]
    Died,
    /// It leaves heartbeats unanswered.
    #[error("the process does not answer and is killed")]
    Hung,
    /// It takes longer than it may.
    #[error("the run took longer than {} s and is ended", RUN_TIMEOUT.as_secs())]
    TooLong,
    /// Too many others are running.
    #[error("too many scheduled runs go on at once")]
    NoRoom,
}

/// Runs a version's scheduled handler. Those who follow its Worker are told how it went.
pub(super) async fn run(launcher: &Launcher, runtime: &RuntimeConfig, due: &Due) -> Outcome {
    let tailed = launcher.is_tailed(due.worker_id);
    let launched = launcher.launch_scheduled(due.version_id, tailed.then(|| cause(due)));
    let launched = match launched.await {
        Ok(launched) => launched,
        Err(failure) => {
            let outcome = Outcome::Start(OneLine(&failure).to_string());
            tell_without_process(launcher, due, &outcome);
            return outcome;
        }
    };
    let mut process = launched.process;
    let outcome = tokio::select! {
        answer = exchange(process.http_socket(), request(due, tailed)) => outcome(answer.ok().as_deref()),
        () = hung(&process, runtime) => Outcome::Hung,
        () = tokio::time::sleep(RUN_TIMEOUT) => Outcome::TooLong,
    };
    if let Some(tail) = &launched.tail {
        tell(tail, &mut process, &outcome).await;
    }
    if matches!(outcome, Outcome::Hung | Outcome::TooLong) {
        process.kill().await;
    } else {
        process.stop(runtime.term_grace).await;
    }
    drop(launched.delivery);
    outcome
}

/// Tells those who follow the Worker, if there are any, of a run for which there is no process.
pub(super) fn tell_without_process(launcher: &Launcher, due: &Due, outcome: &Outcome) {
    if launcher.is_tailed(due.worker_id)
        && let Some(port) = launcher.tail_port(due.version_id, cause(due))
    {
        port.failed(&outcome.to_string());
    }
}

/// Waits for what the process tells of the run, and tells what it cannot.
async fn tell(tail: &TailPort, process: &mut Process, outcome: &Outcome) {
    match outcome {
        Outcome::Hung => tail.cut(Cut::Cpu),
        Outcome::Died => {
            process.last_lines().await;
            if process.is_out_of_memory() {
                tail.cut(Cut::Memory);
            } else {
                tail.failed(&outcome.to_string());
            }
        }
        Outcome::TooLong | Outcome::Start(_) | Outcome::NoRoom => tail.failed(&outcome.to_string()),
        Outcome::Done | Outcome::Threw | Outcome::NoHandler => {
            let told = tokio::time::timeout(LAST_WORDS, tail.told()).await;
            match outcome {
                _ if told.is_ok() => {}
                Outcome::Done => tail.done(),
                _ => tail.failed(&outcome.to_string()),
            }
        }
    }
}

/// What set the run off, as its followers read it.
fn cause(due: &Due) -> Value {
    let scheduled_ms = due.scheduled_at.as_micros() / 1000;
    json!({ "cron": due.cron, "scheduledTime": scheduled_ms })
}

/// A run whose exceptions are traced does not print them.
fn request(due: &Due, traced: bool) -> String {
    let mut body = cause(due);
    body["traced"] = Value::Bool(traced);
    let body = body.to_string();
    format!(
        "POST / HTTP/1.1\r\nHost: scheduled\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn exchange(socket: PathBuf, request: String) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream
        .take(MAX_ANSWER_BYTES)
        .read_to_string(&mut answer)
        .await?;
    Ok(answer)
}

fn outcome(answer: Option<&str>) -> Outcome {
    match answer.and_then(|answer| answer.split(' ').nth(1)) {
        Some("204") => Outcome::Done,
        Some("404") => Outcome::NoHandler,
        Some(_) => Outcome::Threw,
        None => Outcome::Died,
    }
}

/// Waits until a heartbeat is left unanswered: an infinite loop does not end by itself.
async fn hung(process: &Process, runtime: &RuntimeConfig) {
    loop {
        tokio::time::sleep(runtime.heartbeat_every).await;
        if !process.beats(runtime.heartbeat_timeout).await {
            return;
        }
    }
}
