//! `coffer secrets-store store delete`.

use clap::Args;
use coffer_protocol::secrets_store::Secret;
use http::Method;
use serde_json::json;

use crate::api::{Answer, Body};
use crate::failure::Failure;
use crate::output::{self, prompt};
use crate::secrets_store::chosen::{ChosenStore, find_store};
use crate::secrets_store::place::{PlaceFlags, explained, path_in, waiting};
use crate::target::Target;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer secrets-store store delete production --remote\n  coffer secrets-store store delete 8f7a3ba7cd1a4ab0ae1d1b2ef0b3c2aa --remote --force --yes"
)]
pub(crate) struct Delete {
    /// The store: its ID, or its name
    #[arg(value_name = "STORE")]
    store: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Delete its secrets too, also those that deployed Workers use
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: PlaceFlags,
}

impl Delete {
    pub(super) async fn run(self) -> Result<(), Failure> {
        self.place
            .with(async |target| {
                let store = find_store(target, &self.store).await?;
                if !self.yes && output::may_ask() && !self.confirmed(target, &store).await? {
                    return Err(Failure::sentence("nothing was deleted"));
                }
                let spinner = waiting(target, "Deleting");
                let force = if self.force { "true" } else { "false" };
                let _: Answer<serde_json::Value> = target
                    .api()
                    .write(
                        Method::DELETE,
                        &path_in(target, store.id, ""),
                        &[("force", force)],
                        Body::none(),
                    )
                    .await
                    .map_err(|error| explained(target, &store, error))?;
                drop(spinner);
                if output::is_json() {
                    output::json(&json!({ "id": store.id, "deleted": true }));
                } else {
                    output::note(format_args!("Store {} is deleted", self.store));
                }
                Ok(())
            })
            .await
    }

    async fn confirmed(&self, target: &Target, store: &ChosenStore) -> Result<bool, Failure> {
        let path = path_in(target, store.id, "/secrets");
        let answer: Answer<Vec<Secret>> = target
            .api()
            .read(&path, &[("per_page", "1")])
            .await
            .map_err(|error| explained(target, store, error))?;
        let secrets = answer.page.map_or(0, |page| page.total_count);
        let question = match (secrets, self.force) {
            (0, _) | (_, false) => format!("Delete store {}?", self.store),
            (1, true) => format!("Delete store {} and the secret in it?", self.store),
            (some, true) => format!("Delete store {} and the {some} secrets in it?", self.store),
        };
        prompt::confirm(&question, false, "add --yes")
    }
}
