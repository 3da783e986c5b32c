//! `coffer versions secret put`.

use std::collections::BTreeMap;

use clap::Args;

use super::{NewVersionFlags, patch};
use crate::failure::Failure;
use crate::secret::SecretText;
use crate::value;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  coffer versions secret put API_KEY --message \"new key\"")]
pub(crate) struct Put {
    /// The secret's name: the property of `env`
    key: String,
    /// Keep the newline at the end of stdin
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    version: NewVersionFlags,
}

impl Put {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let worker = self.version.worker.open().await?;
        let value = value::read(&format!("Value of {}", self.key), self.raw)?;
        let env = BTreeMap::from([(self.key.as_str(), Some(SecretText::new(&value)))]);
        let done = format!("Secret {} is set", self.key);
        patch(&worker, &self.version, env, &done).await
    }
}
