//! `coffer secrets-store secret usage`.

use clap::Args;
use coffer_protocol::secrets_store::Secret;
use coffer_protocol::usage::{SecretUsage, WorkerUsage};

use crate::api::Answer;
use crate::failure::Failure;
use crate::output::{self, Bar, Table};
use crate::secrets_store::chosen::{find_secret, find_store};
use crate::secrets_store::page::{BY_NAME, minute};
use crate::secrets_store::place::{PlaceFlags, explained, own_path, path_in};
use crate::target::Target;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer secrets-store secret usage production --remote\n  coffer secrets-store secret usage production API_KEY --remote --json"
)]
pub(crate) struct Usage {
    /// The store: its ID, or its name
    #[arg(value_name = "STORE")]
    store: String,
    /// The secret: its name, or its ID [default: each of the store]
    #[arg(value_name = "SECRET")]
    secret: Option<String>,
    #[command(flatten)]
    place: PlaceFlags,
}

impl Usage {
    pub(super) async fn run(self) -> Result<(), Failure> {
        self.place
            .with(async |target| {
                let store = find_store(target, &self.store).await?;
                let secrets = match &self.secret {
                    Some(secret) => vec![find_secret(target, &store, secret).await?],
                    None => target
                        .api()
                        .read_all(&path_in(target, store.id, "/secrets"), &BY_NAME)
                        .await
                        .map_err(|error| explained(target, &store, error))?,
                };
                tell(&used(target, &secrets).await?);
                Ok(())
            })
            .await
    }
}

async fn used(target: &Target, secrets: &[Secret]) -> Result<Vec<SecretUsage>, Failure> {
    let bar = Bar::start("Reading", secrets.len() as u64);
    let mut used = Vec::with_capacity(secrets.len());
    for secret in secrets {
        let path = own_path(target, &format!("/secrets/{}/usage", secret.id));
        let answer: Result<Answer<SecretUsage>, _> = target.api().read(&path, &[]).await;
        match answer {
            Ok(answer) => used.push(answer.result),
            // It was deleted meanwhile.
            Err(error) if error.says("secret_not_found") => {}
            Err(error) => return Err(error.into()),
        }
        bar.reach(used.len() as u64);
    }
    Ok(used)
}

fn tell(used: &[SecretUsage]) {
    if output::is_json() {
        output::json(&used);
        return;
    }
    if used.is_empty() {
        output::note("There are no secrets here");
        return;
    }
    let mut table = Table::new(&["SECRET", "WORKER", "USE", "READS", "LAST READ"]);
    for secret in used {
        let name = secret.name.as_str();
        if secret.workers.is_empty() {
            table.row([name, "", "none", "", ""]);
        }
        for worker in &secret.workers {
            let reads = worker.reads;
            table.row([
                name,
                worker
                    .worker_name
                    .as_ref()
                    .map_or("(deleted)", |name| name.as_str()),
                how(worker),
                &reads.map_or_else(String::new, |reads| reads.count.to_string()),
                &reads.map_or_else(|| "never".to_owned(), |reads| minute(reads.last)),
            ]);
        }
    }
    table.print();
    if used.iter().any(|secret| secret.truncated) {
        output::note("Older versions, and Workers that used a secret once, are left out");
    }
}

const fn how(worker: &WorkerUsage) -> &'static str {
    match (worker.deployed, worker.bound) {
        (true, _) => "deployed",
        (false, true) => "bound, not deployed",
        (false, false) => "no more",
    }
}
