//! `coffer secret list`.

use clap::{Args, ValueEnum};
use coffer_protocol::workers::WorkerSecret;

use crate::api::Answer;
use crate::failure::Failure;
use crate::output::{self, Table};
use crate::worker::WorkerFlags;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  coffer secret list\n  coffer secret list --json")]
pub(crate) struct List {
    /// The form of the list; --json is the same as json
    #[arg(long, value_enum)]
    format: Option<Format>,
    #[command(flatten)]
    worker: WorkerFlags,
}

/// The form of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON value.
    Json,
    /// A table.
    Pretty,
}

impl Format {
    /// Whether it is to be JSON, by this choice or `--json`.
    pub(crate) fn is_json(chosen: Option<Self>) -> bool {
        output::is_json() || chosen == Some(Self::Json)
    }
}

impl List {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let worker = self.worker.open().await?;
        let answer: Answer<Vec<WorkerSecret>> = worker
            .api()
            .read(&worker.script_path("/secrets"), &[])
            .await
            .map_err(|error| worker.failure(error))?;
        print(&answer.result, Format::is_json(self.format));
        Ok(())
    }
}

/// Prints secrets by their names.
pub(crate) fn print(secrets: &[WorkerSecret], json: bool) {
    if json {
        output::json(&secrets);
        return;
    }
    if secrets.is_empty() {
        output::note("There are no secrets; `coffer secret put NAME` sets one");
        return;
    }
    let mut table = Table::new(&["NAME", "TYPE"]);
    for secret in secrets {
        table.row([secret.name.as_str(), &secret.kind]);
    }
    table.print();
}
