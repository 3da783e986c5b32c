//! The runtime: which, and whether a Worker starts on it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use coffer_crypto::SystemRandom;
use coffer_edge::{RuntimeConfig, try_runtime};
use tokio::process::Command;

use super::finding::Finding;
use crate::config::Config;
use crate::serve;

/// How long it may take to tell its version.
const ANSWER: Duration = Duration::from_secs(10);

/// Looks for workerd and starts a Worker that does nothing.
pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let workerd = match serve::workerd(config.workerd.as_deref()) {
        Ok(workerd) => workerd,
        Err(failure) => {
            let advice = "npm install workerd, or name its path with --workerd";
            return vec![Finding::fail("workerd", failure.message(), advice)];
        }
    };
    let found = match version(&workerd).await {
        Some(version) => Finding::ok("workerd", format!("{version}, {}", workerd.display())),
        None => Finding::fail(
            "workerd",
            format!("{} does not tell its version", workerd.display()),
            "install it anew for this machine: npm install workerd",
        ),
    };
    vec![found, trial(config, workerd).await]
}

async fn version(workerd: &Path) -> Option<String> {
    let answer = Command::new(workerd)
        .arg("--version")
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let answer = tokio::time::timeout(ANSWER, answer).await.ok()?.ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    let text = text.lines().next()?.trim().to_owned();
    (answer.status.success() && !text.is_empty()).then_some(text)
}

async fn trial(config: &Config, workerd: PathBuf) -> Finding {
    let check = "Workers";
    let advice =
        "look at what workerd says; Coffer needs Linux with user limits as they are by default";
    // A directory of its own: that of the installation may be in use.
    let directory = tempfile::Builder::new().prefix("coffer-doctor-").tempdir();
    let directory = match directory {
        Ok(directory) => directory,
        Err(error) => {
            let found = format!("failed to make a temporary directory: {error}");
            return Finding::fail(
                check,
                found,
                "make the directory of temporary files writable",
            );
        }
    };
    let runtime = RuntimeConfig {
        runtime_dir: directory.path().to_owned(),
        ..config.runtime(workerd)
    };
    match try_runtime(runtime, &SystemRandom).await {
        Ok(started) => Finding::ok(
            check,
            format!("one started in {} ms", started.startup_time_ms),
        ),
        Err(error) => Finding::fail(check, error.to_string(), advice),
    }
}
