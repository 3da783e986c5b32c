//! `coffer versions list`.

use clap::Args;

use crate::failure::Failure;
use crate::output::{self, Table};
use crate::worker::{WorkerFlags, annotated};

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    worker: WorkerFlags,
}

impl List {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let worker = self.worker.open().await?;
        let versions = worker.versions(true).await?;
        if output::is_json() {
            output::json(&versions);
            return Ok(());
        }
        let mut table = Table::new(&[
            "VERSION", "NUMBER", "CREATED", "BY", "SOURCE", "TAG", "MESSAGE",
        ]);
        for version in &versions {
            let author = version.metadata.author_email.as_ref();
            table.row([
                version.id.to_string(),
                version.number.to_string(),
                output::moment(version.metadata.created_on),
                author.map_or_else(|| "-".to_owned(), ToString::to_string),
                source(&version.annotations, &version.metadata.source),
                annotated(&version.annotations, "workers/tag").to_owned(),
                annotated(&version.annotations, "workers/message").to_owned(),
            ]);
        }
        table.print();
        Ok(())
    }
}

/// What made a version, and with which client.
fn source(annotations: &std::collections::BTreeMap<String, String>, client: &str) -> String {
    match annotated(annotations, "workers/triggered_by") {
        "" => client.to_owned(),
        "secret" => format!("secret change ({client})"),
        trigger => format!("{} ({client})", trigger.replace('_', " ")),
    }
}
