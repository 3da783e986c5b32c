//! `coffer secrets-store secret get`.

use clap::Args;
use coffer_protocol::secrets_store::Secret;

use super::scopes_of;
use crate::failure::Failure;
use crate::output;
use crate::secrets_store::chosen::{SecretFlags, find_store};
use crate::secrets_store::page::minute;
use crate::secrets_store::place::{PlaceFlags, waiting};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer secrets-store secret get production API_KEY --remote\n  coffer secrets-store secret get dev API_KEY --json"
)]
pub(crate) struct Get {
    /// The store: its ID, or its name
    #[arg(value_name = "STORE")]
    store: String,
    #[command(flatten)]
    secret: SecretFlags,
    #[command(flatten)]
    place: PlaceFlags,
}

impl Get {
    pub(super) async fn run(self) -> Result<(), Failure> {
        self.place
            .with(async |target| {
                let store = find_store(target, &self.store).await?;
                let spinner = waiting(target, "Reading");
                let secret = self.secret.find(target, &store).await?;
                drop(spinner);
                print(&secret);
                Ok(())
            })
            .await
    }
}

fn print(secret: &Secret) {
    if output::is_json() {
        output::json(secret);
        return;
    }
    let comment = secret.comment.as_ref();
    let mut facts = vec![
        ("Name", secret.name.to_string()),
        ("ID", secret.id.to_string()),
        ("Store", secret.store_id.to_string()),
        ("Scopes", scopes_of(secret)),
        ("Status", secret.status.as_str().to_owned()),
        ("Created", minute(secret.created)),
        ("Modified", minute(secret.modified)),
    ];
    facts.extend(comment.map(|comment| ("Comment", comment.as_str().to_owned())));
    output::facts(&facts);
}
