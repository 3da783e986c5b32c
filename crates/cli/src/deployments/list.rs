//! `coffer deployments list`.

use clap::Args;

use crate::failure::Failure;
use crate::output;
use crate::worker::WorkerFlags;

/// So many are shown; `--json` has all.
const SHOWN: usize = 10;

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    worker: WorkerFlags,
}

impl List {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let worker = self.worker.open().await?;
        let deployments = worker.deployments().await?;
        if output::is_json() {
            output::json(&deployments);
            return Ok(());
        }
        let shown = deployments.len().min(SHOWN);
        // The newest is read first: it stands at the end, above the next prompt.
        for (at, deployment) in deployments[..shown].iter().rev().enumerate() {
            if at > 0 {
                output::data("");
            }
            super::show(deployment);
        }
        if deployments.len() > shown {
            output::note(format_args!(
                "The newest {shown} of {}; --json has all",
                deployments.len()
            ));
        }
        Ok(())
    }
}
