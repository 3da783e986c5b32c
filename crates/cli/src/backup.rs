//! `coffer backup`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use coffer_crypto::SystemRandom;
use coffer_engine::backup::{BackupError, BackupSummary, back_up, expected_bytes};
use coffer_types::{Clock, SystemClock, Timestamp};
use serde::Serialize;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::arguments::Backup;
use crate::config::Config;
use crate::failure::Failure;
use crate::installation;
use crate::output::{self, Spinner};

/// The signal of a file that would get larger than it may: without a listener it ends the process, with one the write
/// fails, and what was begun is removed.
const FILE_TOO_LARGE: i32 = 25;
/// How often it is told how far the copy is.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// What is told of a copy that was not finished: the file that it was in is removed.
const INTERRUPTED: &str = "interrupted: no backup was made";

/// What was made.
#[derive(Serialize)]
struct Made<'s> {
    file: &'s Path,
    #[serde(flatten)]
    summary: &'s BackupSummary,
}

/// Copies the installation.
pub(crate) async fn run(backup: &Backup) -> Result<(), Failure> {
    let config = crate::start_on(&backup.settings)?;
    let target = target(&backup.target, SystemClock.now());
    let mut interrupt = heard(SignalKind::interrupt())?;
    let mut terminate = heard(SignalKind::terminate())?;
    let _too_large = heard(SignalKind::from_raw(FILE_TOO_LARGE))?;
    let summary = tokio::select! {
        made = make(&config, &target) => made?,
        _ = interrupt.recv() => return Err(Failure::sentence(INTERRUPTED)),
        _ = terminate.recv() => return Err(Failure::sentence(INTERRUPTED)),
    };
    show(&target, &summary);
    Ok(())
}

/// A signal that ends nothing by itself from here on.
fn heard(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::error("failed to listen for signals", error))
}

async fn make(config: &Config, target: &Path) -> Result<BackupSummary, Failure> {
    let expected = expected_bytes(&config.data).await.map_err(failure)?;
    let spinner = Spinner::start("Copying");
    let growing = Arc::new(Mutex::new(None::<PathBuf>));
    let told = Arc::clone(&growing);
    let root_key = installation::root_key_files(config);
    let made = back_up(&config.data, target, &root_key, &SystemRandom, |path| {
        *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(path.to_owned());
    });
    let mut made = std::pin::pin!(made);
    loop {
        tokio::select! {
            made = &mut made => return made.map_err(failure),
            () = tokio::time::sleep(TELL_EVERY) => {
                let path = growing.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let length = path.and_then(|path| path.metadata().ok()).map_or(0, |found| found.len());
                spinner.say(if length < expected {
                    format!("Copying: {} of {}", bytes(length), bytes(expected))
                } else {
                    "Checking the copy".to_owned()
                });
            }
        }
    }
}

fn show(target: &Path, summary: &BackupSummary) {
    if output::is_json() {
        output::json(&Made {
            file: target,
            summary,
        });
        return;
    }
    output::data(&format!(
        "{}: {}, schema {}",
        target.display(),
        bytes(summary.bytes),
        summary.schema
    ));
    for account in &summary.accounts {
        let name = output::printable(&account.name);
        let secrets = counted(u64::from(account.secrets), "secret");
        output::data(&format!("account {name}: {secrets}"));
    }
    output::data(&format!("audit log: {}", counted(summary.events, "event")));
    if let Some(checkpoint) = &summary.checkpoint {
        output::data(&format!("\n{}", checkpoint.trim_end()));
    }
    if let Some(damage) = &summary.log_damage {
        output::warning(format_args!(
            "the audit log is not what was signed ({damage}): run `coffer audit verify`"
        ));
    }
    match &summary.root_key {
        Some(fingerprint) => output::note(format_args!(
            "The root key ({fingerprint}) is not in it. Without that nobody can restore it: keep a copy, apart."
        )),
        None => output::note(
            "The root key is not in it, and not beside the database: it was not tried whether the copy opens.",
        ),
    }
}

/// The file to make: the one that is named, or one with the time in its name in the directory that is named.
fn target(named: &Path, now: Timestamp) -> PathBuf {
    if !named.is_dir() {
        return named.to_owned();
    }
    // Without what some file systems refuse: 20261122T113000Z.
    let time: String = now
        .to_string()
        .split('.')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    named.join(format!("coffer-{}Z.db", time.trim_end_matches('Z')))
}

/// A count of things, for people.
pub(crate) fn counted(count: u64, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

/// A count of bytes, for people.
pub(crate) fn bytes(count: u64) -> String {
    const KIBI: u64 = 1024;
    match count {
        0..KIBI => format!("{count} bytes"),
        KIBI..0x10_0000 => format!("{} KiB", count / KIBI),
        _ => format!("{} MiB", count / (KIBI * KIBI)),
    }
}

/// What went wrong, with its exit code.
pub(crate) fn failure(error: BackupError) -> Failure {
    use coffer_engine::OpenError;
    use coffer_engine::backup::CopyError;
    match &error {
        BackupError::Exists(_) | BackupError::NotEmpty { .. } | BackupError::OtherRootKey(_) => {
            Failure::conflict(error)
        }
        BackupError::NoRootKey(_) | BackupError::Copy(CopyError::Name(_)) => Failure::usage(error),
        BackupError::NoDirectory(_) | BackupError::Copy(CopyError::Open(OpenError::Missing(_))) => {
            Failure::not_found(error)
        }
        _ => Failure::sentence(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_gets_a_file_with_the_time_in_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let now = Timestamp::from_micros(1_795_346_400_123_456);
        let made = target(directory.path(), now);
        let name = made.file_name().unwrap().to_str().unwrap();
        assert_eq!(name, "coffer-20261122T112000Z.db");
        let named = directory.path().join("there.db");
        assert_eq!(target(&named, now), named);
    }
}
