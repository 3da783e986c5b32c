//! `coffer versions secret bulk`.

use std::path::PathBuf;

use clap::Args;

use super::{NewVersionFlags, patch};
use crate::failure::Failure;
use crate::secret::{SecretText, bulk};

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  coffer versions secret bulk secrets.json\n\nIn JSON, null deletes a secret."
)]
pub(crate) struct Bulk {
    /// JSON such as {"NAME": "value"}, or a .env file [default: stdin]
    file: Option<PathBuf>,
    #[command(flatten)]
    version: NewVersionFlags,
}

impl Bulk {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let entries = bulk::read(self.file.as_deref())?;
        let worker = self.version.worker.open().await?;
        let env = entries.iter().map(|entry| {
            let text = entry.value.as_deref().map(|text| SecretText::new(text));
            (entry.name.as_str(), text)
        });
        let done = match entries.len() {
            1 => "1 secret is changed".to_owned(),
            several => format!("{several} secrets are changed"),
        };
        patch(&worker, &self.version, env.collect(), &done).await
    }
}
