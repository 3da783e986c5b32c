//! `coffer rollback`.

use clap::Args;
use coffer_types::VersionId;

use crate::deployments::create::{NewDeployment, create};
use crate::failure::Failure;
use crate::output::{self, prompt};
use crate::worker::{Worker, WorkerFlags, annotated};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer rollback\n  coffer rollback 1f2e3d4c-… --message \"error rate\" --yes"
)]
pub(crate) struct Rollback {
    /// The version that gets all traffic [default: the one before those that are live]
    version_id: Option<VersionId>,
    /// Why
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    worker: WorkerFlags,
}

impl Rollback {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let worker = self.worker.open().await?;
        let target = match self.version_id {
            Some(id) => id,
            None => before(&worker).await?,
        };
        let version = worker.version(target).await?;
        let mut message = self.message;
        if !self.yes && output::may_ask() {
            let said = annotated(&version.annotations, "workers/message");
            let question = format!(
                "Roll Worker {} back to version {} of {} {}?",
                worker.name(),
                version.number,
                output::moment(version.metadata.created_on),
                output::printable(said),
            );
            if !prompt::confirm(&question, true, "add --yes")? {
                return Err(Failure::sentence("nothing was changed"));
            }
            if message.is_none() {
                let why = prompt::optional("Why (may be left empty)", "add --message")?;
                message = Some(why).filter(|why| !why.trim().is_empty());
            }
        }
        let new = NewDeployment::whole(target, message);
        let deployment = create(&worker, &new, self.yes).await?;
        if output::is_json() {
            output::json(&deployment);
        } else {
            output::note(format_args!(
                "All traffic of Worker {} goes to version {} ({target}) again",
                worker.name(),
                version.number
            ));
        }
        Ok(())
    }
}

/// The newest version with all traffic that is not live now.
async fn before(worker: &Worker) -> Result<VersionId, Failure> {
    let deployments = worker.deployments().await?;
    let live: Vec<_> = deployments
        .first()
        .iter()
        .flat_map(|live| &live.versions)
        .map(|share| share.version_id)
        .collect();
    let earlier =
        deployments
            .iter()
            .skip(1)
            .find_map(|deployment| match deployment.versions.as_slice() {
                [only] if !live.contains(&only.version_id) => Some(only.version_id),
                _ => None,
            });
    earlier.ok_or_else(|| {
        Failure::not_found(format!(
            "Worker {} has no earlier version that had all traffic: name one, `coffer versions list` shows them",
            worker.name()
        ))
    })
}
