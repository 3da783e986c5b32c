//! `coffer secret delete`.

use clap::Args;
use http::Method;
use serde_json::json;

use crate::api::{Answer, Body, segment};
use crate::failure::Failure;
use crate::output::{self, prompt};
use crate::worker::WorkerFlags;

/// The code of a secret that is not there.
const NO_SECRET: u32 = 10056;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  coffer secret delete API_KEY --yes")]
pub(crate) struct Delete {
    /// The secret's name
    key: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    worker: WorkerFlags,
}

impl Delete {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let worker = self.worker.open().await?;
        let name = worker.name();
        if !self.yes && output::may_ask() {
            let question = format!("Delete secret {} of Worker {name}?", self.key);
            if !prompt::confirm(&question, false, "add --yes")? {
                return Err(Failure::sentence("nothing was deleted"));
            }
        }
        let path = worker.script_path(&format!("/secrets/{}", segment(&self.key)));
        let deleted: Result<Answer<serde_json::Value>, _> = worker
            .api()
            .write(
                Method::DELETE,
                &path,
                &[("url_encoded", "true")],
                Body::none(),
            )
            .await;
        deleted.map_err(|error| {
            if error.has_code(NO_SECRET) {
                Failure::not_found(format!(
                    "Worker {name} has no secret {}: `coffer secret list` shows them",
                    self.key
                ))
            } else {
                worker.failure(error)
            }
        })?;
        if output::is_json() {
            output::json(&json!({ "name": self.key, "worker": name }));
        } else {
            output::note(format_args!(
                "Secret {} is deleted, and Worker {name} deployed without it",
                self.key
            ));
        }
        Ok(())
    }
}
