//! `coffer audit verify`.

use std::path::{Path, PathBuf};

use coffer_engine::log::{GivenCheckpoint, LastVerified, LogKey, Verification, verify_export};
use coffer_types::{Clock, SystemClock};

use crate::arguments::Verify;
use crate::audit::{self, Progress};
use crate::failure::Failure;
use crate::output;

/// Verifies, and fails if anything is wrong.
pub(crate) async fn run(arguments: &Verify) -> Result<(), Failure> {
    let config = &crate::start_on(&arguments.settings)?;
    let given = arguments.key.as_deref().map(key).transpose()?;
    let checkpoints = checkpoints(&arguments.checkpoints)?;
    let mut progress = Progress::start("verified");
    let verification = match (&arguments.export, given) {
        (Some(export), Some(key)) => {
            verify_export(export, &key, &checkpoints, &mut |read| progress.show(read)).await
        }
        (Some(_), None) => {
            return Err(Failure::usage(
                "--export needs --key: the key that lies in an export proves nothing; `coffer audit key` prints it",
            ));
        }
        (None, given) => {
            let mut log = audit::open(&config.data).await?;
            let key = match given {
                Some(key) => key,
                None => audit::own_key(config, &mut log).await?,
            };
            let verified = log
                .verify(&key, &checkpoints, &mut |read| progress.show(read))
                .await;
            if let Ok(verification) = &verified {
                keep(&config.data, verification);
            }
            verified
        }
    };
    progress.end();
    let verification = verification.map_err(audit::failure)?;
    if output::is_json() {
        output::json(&verification);
    } else {
        output::data(text(&verification).trim_end());
    }
    if verification.ok {
        Ok(())
    } else {
        Err(Failure::sentence("the audit log does not verify"))
    }
}

/// Leaves the outcome where the dashboard shows it. Whoever may only read the directory verifies all the same.
fn keep(directory: &Path, verification: &Verification) {
    let verified = LastVerified::of(verification, SystemClock.now());
    if let Err(error) = verified.keep(directory) {
        tracing::warn!(%error, "the outcome cannot be kept in {} for the dashboard", directory.display());
    }
}

fn text(verification: &Verification) -> String {
    let Verification {
        ok,
        size,
        root,
        last_event_at,
        findings,
        further_findings,
    } = verification;
    let last = last_event_at.as_deref().unwrap_or("none");
    let mut text = String::new();
    for finding in findings {
        text.push_str(&format!("{finding}\n"));
    }
    if *further_findings > 0 {
        text.push_str(&format!("and {further_findings} further findings\n"));
    }
    let verdict = if *ok { "ok" } else { "NOT ok" };
    text.push_str(&format!(
        "{verdict}: {size} events, last at {last}, root {root}\n"
    ));
    text
}

fn key(path: &Path) -> Result<LogKey, Failure> {
    let text = read(path)?;
    LogKey::parse(&text)
        .map_err(|error| Failure::usage(format!("--key {}: {error}", path.display())))
}

fn checkpoints(paths: &[PathBuf]) -> Result<Vec<GivenCheckpoint>, Failure> {
    let given = paths.iter().map(|path| {
        Ok(GivenCheckpoint {
            name: path.display().to_string(),
            note: read(path)?,
        })
    });
    given.collect()
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::error(&format!("failed to read {}", path.display()), error))
}
