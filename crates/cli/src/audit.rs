//! `coffer audit`: the audit log as evidence. Everything here only reads, but for the outcome of a verification that the
//! dashboard shows, and works while a server runs.

pub(crate) mod list;
mod verify;

use std::io::IsTerminal;
use std::path::Path;

use coffer_engine::log::{AuditLog, LogError, LogKey};

use crate::arguments::{Audit, AuditAction};
use crate::config::Config;
use crate::failure::Failure;
use crate::{installation, output};

/// Events between two lines of progress.
const PROGRESS_STEP: u64 = 25_600;

/// Runs a command on the log of a data directory, or on an export.
pub(crate) async fn run(audit: Audit) -> Result<(), Failure> {
    match audit.action {
        AuditAction::List(arguments) => list::run(&arguments).await,
        AuditAction::Verify(arguments) => verify::run(&arguments).await,
        AuditAction::Export { settings, output } => {
            export(&crate::start_on(&settings)?, &output).await
        }
        AuditAction::Key(settings) => {
            let config = &crate::start_on(&settings)?;
            let mut log = open(&config.data).await?;
            output::data(&own_key(config, &mut log).await?.to_string());
            Ok(())
        }
        AuditAction::Checkpoint(settings) => {
            let config = &crate::start_on(&settings)?;
            let mut log = open(&config.data).await?;
            let note = log.checkpoint().await.map_err(failure)?;
            output::data(note.trim_end_matches('\n'));
            Ok(())
        }
    }
}

async fn export(config: &Config, output: &Path) -> Result<(), Failure> {
    let mut log = open(&config.data).await?;
    // Without the root key an export is as good: whoever verifies it brings the key.
    let key = own_key(config, &mut log).await.ok();
    let mut progress = Progress::start("exported");
    let exported = log
        .export(output, key.as_ref(), &mut |read| progress.show(read))
        .await
        .map_err(failure)?;
    progress.end();
    output::data(&format!(
        "{} events exported to {}",
        exported.size,
        exported.path.display()
    ));
    Ok(())
}

pub(crate) async fn open(directory: &Path) -> Result<AuditLog, Failure> {
    AuditLog::open(directory).await.map_err(failure)
}

/// The installation's own key, from where it is wrapped.
pub(crate) async fn own_key(config: &Config, log: &mut AuditLog) -> Result<LogKey, Failure> {
    let files = installation::root_key_files(config);
    log.key_with(&files).await.map_err(failure)
}

pub(crate) fn failure(error: LogError) -> Failure {
    match &error {
        LogError::Open(coffer_engine::OpenError::Missing(_)) | LogError::NoExport(_) => {
            Failure::not_found(error)
        }
        LogError::Exists(_) => Failure::conflict(error),
        _ => Failure::sentence(error),
    }
}

/// How far it is, for somebody who watches.
pub(crate) struct Progress {
    done: &'static str,
    watched: bool,
    next: u64,
}

impl Progress {
    pub(crate) fn start(done: &'static str) -> Self {
        Self {
            done,
            watched: std::io::stderr().is_terminal(),
            next: PROGRESS_STEP,
        }
    }

    pub(crate) fn show(&mut self, events: u64) {
        if self.watched && events >= self.next {
            self.next = events + PROGRESS_STEP;
            output::progress(&format!("{events} events {}", self.done));
        }
    }

    /// Clears the line.
    pub(crate) fn end(&self) {
        if self.watched && self.next > PROGRESS_STEP {
            output::progress("");
        }
    }
}
