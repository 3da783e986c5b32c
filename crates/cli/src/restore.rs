//! `coffer restore`.

use std::sync::Arc;

use coffer_crypto::SystemRandom;
use coffer_engine::backup::{BackupError, Restoring, restore};
use coffer_types::SystemClock;
use serde::Serialize;

use crate::arguments::Restore;
use crate::backup::{bytes, counted, failure};
use crate::failure::Failure;
use crate::output::{self, Spinner};

/// What was made.
#[derive(Serialize)]
struct Restored<'s> {
    directory: &'s std::path::Path,
    #[serde(flatten)]
    summary: &'s coffer_engine::backup::BackupSummary,
}

/// Makes an installation of a backup.
pub(crate) async fn run(arguments: &Restore) -> Result<(), Failure> {
    let config = crate::start_on(&arguments.settings)?;
    if !arguments.backup.exists() {
        let path = arguments.backup.display();
        return Err(Failure::not_found(format!("there is no {path}")));
    }
    let spinner = Spinner::start("Checking the backup");
    let restored = restore(
        &arguments.backup,
        &config.data,
        arguments.root_key.as_deref(),
        (Arc::new(SystemClock), Arc::new(SystemRandom)),
        &mut |how_far| {
            spinner.say(match how_far {
                Restoring::Checking => "Checking the backup".to_owned(),
                Restoring::Copied(length) => format!("Copying: {}", bytes(length)),
                Restoring::Verified(events) => format!("Verifying the audit log: {events} events"),
            });
        },
    )
    .await;
    drop(spinner);
    let summary = restored.map_err(|error| match error {
        // What is missing here is the backup, not an installation to be made.
        BackupError::Copy(error) => Failure::sentence(error),
        other => failure(other),
    })?;
    if output::is_json() {
        output::json(&Restored {
            directory: &config.data,
            summary: &summary,
        });
        return Ok(());
    }
    let directory = config.data.display();
    output::data(&format!(
        "restored {} and {} into {directory}",
        counted(summary.accounts.len() as u64, "account"),
        counted(summary.events, "event")
    ));
    output::note(format_args!(
        "It opens, and its audit log is what was signed. Compare it with a checkpoint that was kept elsewhere:\n  \
         coffer audit verify --data {directory} --checkpoint FILE\nThen start it:\n  coffer serve --data {directory}"
    ));
    Ok(())
}
