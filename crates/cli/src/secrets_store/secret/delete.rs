//! `coffer secrets-store secret delete`.

use clap::Args;
use coffer_protocol::secrets_store::Secret;
use coffer_protocol::usage::{SecretUsage, WorkerUsage};
use http::Method;
use serde_json::json;

use crate::api::{Answer, Body};
use crate::failure::Failure;
use crate::output::{self, printable, prompt};
use crate::secrets_store::chosen::{SecretFlags, find_store};
use crate::secrets_store::place::{PlaceFlags, explained, own_path, path_in, waiting};
use crate::target::Target;

/// Workers that are named before a secret is deleted.
const MAX_NAMED: usize = 5;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer secrets-store secret delete production API_KEY --remote\n  coffer secrets-store secret delete dev API_KEY --yes"
)]
pub(crate) struct Delete {
    /// The store: its ID, or its name
    #[arg(value_name = "STORE")]
    store: String,
    #[command(flatten)]
    secret: SecretFlags,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Delete it even if deployed Workers use it and the account protects such
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
                let secret = self.secret.find(target, &store).await?;
                if !self.yes && output::may_ask() && !confirmed(target, &secret).await? {
                    return Err(Failure::sentence("nothing was deleted"));
                }
                let spinner = waiting(target, "Deleting the secret");
                let path = path_in(target, store.id, &format!("/secrets/{}", secret.id));
                let force = if self.force { "true" } else { "false" };
                let _: Answer<serde_json::Value> = target
                    .api()
                    .write(Method::DELETE, &path, &[("force", force)], Body::none())
                    .await
                    .map_err(|error| explained(target, &store, error))?;
                drop(spinner);
                if output::is_json() {
                    output::json(&json!({ "id": secret.id, "name": secret.name, "deleted": true }));
                } else {
                    output::note(format_args!("Secret {} is deleted", secret.name));
                }
                Ok(())
            })
            .await
    }
}

async fn confirmed(target: &Target, secret: &Secret) -> Result<bool, Failure> {
    let path = own_path(target, &format!("/secrets/{}/usage", secret.id));
    let usage: Answer<SecretUsage> = target.api().read(&path, &[]).await?;
    if let Some(warning) = users(&usage.result.workers) {
        output::warning(warning);
    }
    let question = format!("Delete secret {}? This cannot be undone.", secret.name);
    prompt::confirm(&question, false, "add --yes")
}

/// Which Workers use a secret, if any does.
fn users(workers: &[WorkerUsage]) -> Option<String> {
    let bound: Vec<_> = workers
        .iter()
        .filter(|worker| worker.bound)
        .filter_map(|worker| {
            let name = printable(worker.worker_name.as_ref()?.as_str());
            Some(match worker.deployed {
                true => name,
                false => format!("{name} (not deployed)"),
            })
        })
        .collect();
    let (named, more) = bound.split_at(bound.len().min(MAX_NAMED));
    let named = named.join(", ");
    match (bound.len(), more.len()) {
        (0, _) => None,
        (1, _) => Some(format!("Worker {named} uses it, and its get() will fail")),
        (_, 0) => Some(format!("Workers {named} use it, and their get() will fail")),
        (_, more) => Some(format!(
            "Workers {named} and {more} more use it, and their get() will fail"
        )),
    }
}

#[cfg(test)]
mod tests {
    use coffer_types::WorkerId;

    use super::*;

    fn worker(name: &str, bound: bool, deployed: bool) -> WorkerUsage {
        WorkerUsage {
            worker_id: WorkerId::from_bytes([1; 16]),
            worker_name: Some(name.parse().unwrap()),
            bound,
            deployed,
            version_count: 1,
            versions: Vec::new(),
            deployment: None,
            reads: None,
        }
    }

    #[test]
    fn workers_that_bind_it_are_named() {
        assert_eq!(users(&[worker("past", false, false)]), None);
        let one = users(&[worker("shop", true, true), worker("past", false, false)]);
        assert_eq!(one.unwrap(), "Worker shop uses it, and its get() will fail");
        let two = users(&[worker("shop", true, true), worker("old", true, false)]);
        assert_eq!(
            two.unwrap(),
            "Workers shop, old (not deployed) use it, and their get() will fail"
        );
        let many: Vec<_> = (0..7)
            .map(|n| worker(&format!("w{n}"), true, true))
            .collect();
        assert_eq!(
            users(&many).unwrap(),
            "Workers w0, w1, w2, w3, w4 and 2 more use it, and their get() will fail"
        );
    }
}
