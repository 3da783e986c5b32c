//! `coffer versions secret delete`.

use std::collections::BTreeMap;

use clap::Args;

use super::{NewVersionFlags, patch};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The secret's name
    key: String,
    #[command(flatten)]
    version: NewVersionFlags,
}

impl Delete {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let worker = self.version.worker.open().await?;
        let done = format!("Secret {} is deleted", self.key);
        let env = BTreeMap::from([(self.key.as_str(), None)]);
        patch(&worker, &self.version, env, &done).await
    }
}
