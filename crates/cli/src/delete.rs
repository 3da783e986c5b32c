//! `coffer delete`.

use clap::Args;
use http::Method;
use serde_json::json;

use crate::api::{Answer, Body, segment};
use crate::failure::Failure;
use crate::output::{self, prompt};
use crate::worker::WorkerFlags;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  coffer delete --name my-worker --yes")]
pub(crate) struct Delete {
    /// The Worker; a path of its code is accepted as Wrangler takes it, and the configuration's name counts then
    script: Option<String>,
    /// Say what would be deleted, and stop
    #[arg(long)]
    dry_run: bool,
    /// Delete even if other Workers are bound to it
    #[arg(long)]
    force: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    worker: WorkerFlags,
}

impl Delete {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let name = self.script.as_deref().filter(|text| !is_path(text));
        let worker = match name {
            Some(name) => self.worker.open_named(Some(name)).await?,
            None => self.worker.open().await?,
        };
        let name = worker.name();
        // Whether it is there at all is said before anybody is asked.
        let deployments = worker.deployments().await?;
        if self.dry_run {
            output::note(format_args!(
                "Worker {name} with {} deployments would be deleted; nothing was: --dry-run",
                deployments.len()
            ));
            return Ok(());
        }
        if !self.yes && !self.force && output::may_ask() {
            let question =
                format!("Delete Worker {name}, its versions and secrets? This cannot be undone.");
            if !prompt::confirm(&question, false, "add --yes")? {
                return Err(Failure::sentence("nothing was deleted"));
            }
        }
        let path = worker.workers_path(&format!("/services/{}", segment(name.as_str())));
        let force = if self.force { "true" } else { "false" };
        let _: Answer<serde_json::Value> = worker
            .api()
            .write(Method::DELETE, &path, &[("force", force)], Body::none())
            .await
            .map_err(|error| worker.failure(error))?;
        if output::is_json() {
            output::json(&json!({ "worker": name }));
        } else {
            output::note(format_args!("Worker {name} is deleted"));
        }
        Ok(())
    }
}

fn is_path(text: &str) -> bool {
    text.contains(['/', '.'])
}
