//! Trying a version before it is accepted: it is started once as it would run, and asked for its handlers.

use std::sync::Arc;

use async_trait::async_trait;
use coffer_crypto::KeyLeases;
use coffer_protocol::runtime::{Candidate, StartCheck, StartError, Started};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::config::{self, Blueprint, CHECK_MODULE, Purpose};
use crate::opening;
use crate::process::{Logs, Process, Redactor, RuntimeDir, RuntimeDirError, Spawner, StartFailure};
use crate::settings::RuntimeConfig;
use crate::shares::Shares;

/// Versions tried at once; more wait.
const MAX_CHECKS: usize = 4;
/// Versions of one account tried at once: slow ones of one account do not keep the others waiting.
const MAX_CHECKS_PER_ACCOUNT: usize = 2;
/// Characters of a refusal.
const MAX_REFUSAL_CHARS: usize = 2000;
/// Bytes of the answer that names the handlers.
const MAX_ANSWER_BYTES: u64 = 4096;
/// The runtime's advice on experimental flags, which nobody here can follow.
const EXPERIMENTAL_ADVICE: &str =
    "To use this flag, you must pass --experimental on the command line.";
/// What the runtime puts before a part of a JSON web key that it quotes.
const KEY_QUOTED: &str = "(encountered \"";
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: check\r\nConnection: close\r\n\r\n";
/// The handlers that are told of.
const HANDLERS: [&str; 7] = [
    "email",
    "fetch",
    "queue",
    "scheduled",
    "tail",
    "tailStream",
    "trace",
];

/// Tries versions on workerd.
#[derive(Debug)]
pub struct WorkerdCheck {
    runtime: RuntimeConfig,
    leases: KeyLeases,
    directory: Arc<RuntimeDir>,
    spawner: Spawner,
    room: Shares,
}

impl WorkerdCheck {
    /// A check with this runtime; it uses its own part of the runtime directory, beside an edge's.
    ///
    /// # Errors
    /// When the runtime directory cannot be used.
    pub fn new(runtime: RuntimeConfig, leases: KeyLeases) -> Result<Self, RuntimeDirError> {
        let unusable = |source| RuntimeDirError::Unusable {
            path: runtime.runtime_dir.clone(),
            source,
        };
        Ok(Self {
            directory: RuntimeDir::open(&runtime.runtime_dir, "check")?,
            spawner: Spawner::start().map_err(unusable)?,
            room: Shares::new(MAX_CHECKS, MAX_CHECKS_PER_ACCOUNT),
            runtime,
            leases,
        })
    }

    async fn start(&self, candidate: &Candidate<'_>) -> Result<Process, StartError> {
        let unavailable = |error: std::io::Error| StartError::Unavailable(error.to_string());
        let worker_secrets =
            opening::worker_secrets(&self.leases, candidate.account, candidate.version)
                .map_err(|error| StartError::Unavailable(error.to_string()))?;
        let redactor = Arc::new(Redactor::default());
        for (_, value) in &worker_secrets {
            redactor.add(value);
        }
        let directory = self.directory.process().await.map_err(unavailable)?;
        let services = config::services(candidate.version).len();
        let service_sockets: Vec<_> = (0..services)
            .map(|place| directory.service(place))
            .collect();
        let configuration = config::build(&Blueprint {
            version: candidate.version,
            contents: candidate.contents,
            worker_secrets: &worker_secrets,
            // Nobody listens there: a secret can only be read in a request, and there is none.
            secrets_socket: &directory.secrets(),
            assets_socket: &directory.assets(),
            service_sockets: &service_sockets,
            tail_socket: None,
            empty_directory: self.directory.empty(),
            heap_megabytes: self.runtime.heap_megabytes,
            freshness_ms: self.runtime.freshness_ms,
            purpose: Purpose::Check,
        })
        .map_err(|error| StartError::Refused(error.to_string()))?;
        let logs = Logs::new(None, redactor);
        let started =
            Process::start(&self.runtime, &self.spawner, directory, configuration, logs).await;
        started.map_err(|failure| match failure {
            StartFailure::Refused(text) => StartError::Refused(self.readable(&text)),
            StartFailure::TooSlow(_) => StartError::Refused(failure.to_string()),
            StartFailure::NoRoom | StartFailure::Unavailable(_) => {
                StartError::Unavailable(failure.to_string())
            }
        })
    }

    /// The handlers of a started version, or why it has none to tell.
    async fn handlers(&self, process: &mut Process) -> Result<Vec<String>, StartError> {
        let socket = process.http_socket();
        let exchange = async {
            let mut stream = UnixStream::connect(socket).await?;
            stream.write_all(REQUEST).await?;
            let mut answer = String::new();
            stream
                .take(MAX_ANSWER_BYTES)
                .read_to_string(&mut answer)
                .await?;
            std::io::Result::Ok(answer)
        };
        match tokio::time::timeout(self.runtime.start_timeout, exchange).await {
            Ok(Ok(answer)) if answer.starts_with("HTTP/1.1 200 ") => {
                let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
                Ok(HANDLERS
                    .into_iter()
                    .filter(|handler| body.split_whitespace().any(|word| word == *handler))
                    .map(str::to_owned)
                    .collect())
            }
            Ok(_) => {
                process.kill().await;
                process.last_lines().await;
                let text = process.tail();
                Err(StartError::Refused(self.readable(&text)))
            }
            Err(_) => Err(StartError::Refused(
                "the version does not answer after its start".to_owned(),
            )),
        }
    }

    /// The runtime's message as the version's author may read it: without paths of this machine, and short.
    fn readable(&self, text: &str) -> String {
        let home = self.runtime.runtime_dir.display().to_string();
        let binary = self.runtime.workerd.display().to_string();
        let mut text = text
            .lines()
            .filter(|line| !line.starts_with("stack: ") && !line.contains(CHECK_MODULE))
            .collect::<Vec<_>>()
            .join("\n")
            .replace(&home, "…")
            .replace(&binary, "workerd")
            .replace("service worker: ", "")
            .replace(EXPERIMENTAL_ADVICE, "Coffer does not offer it.");
        text = without_quoted_key(&text);
        if let Some((end, _)) = text.char_indices().nth(MAX_REFUSAL_CHARS) {
            text.truncate(end);
            text.push('…');
        }
        if text.trim().is_empty() {
            "the version does not start".clone_into(&mut text);
        }
        text
    }
}

/// The runtime's words on a key that it cannot import, without what it met in the key.
fn without_quoted_key(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, quoted)) = rest.split_once(KEY_QUOTED) {
        kept.push_str(before.trim_end());
        rest = quoted.split_once("\")").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}

#[async_trait]
impl StartCheck for WorkerdCheck {
    async fn check(&self, candidate: Candidate<'_>) -> Result<Started, StartError> {
        let full = || StartError::Unavailable("no version can be tried now".to_owned());
        let account_id = candidate.account.account_id;
        let _place = self.room.enter(account_id).await.ok_or_else(full)?;
        let mut process = self.start(&candidate).await?;
        let handlers = self.handlers(&mut process).await;
        let startup_time_ms = u32::try_from(process.started_in().as_millis()).unwrap_or(u32::MAX);
        process.kill().await;
        Ok(Started {
            startup_time_ms,
            handlers: handlers?,
        })
    }
}
