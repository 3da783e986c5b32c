//! `coffer deployments status`.

use clap::Args;

use crate::failure::Failure;
use crate::output;
use crate::worker::WorkerFlags;

#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    worker: WorkerFlags,
}

impl Status {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let worker = self.worker.open().await?;
        let deployments = worker.deployments().await?;
        let live = deployments.first().ok_or_else(|| {
            Failure::not_found(format!("Worker {} has no deployment yet", worker.name()))
        })?;
        if output::is_json() {
            output::json(live);
        } else {
            super::show(live);
        }
        Ok(())
    }
}
