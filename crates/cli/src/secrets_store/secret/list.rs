//! `coffer secrets-store secret list`.

use clap::Args;
use coffer_protocol::secrets_store::Secret;

use super::scopes_of;
use crate::failure::Failure;
use crate::output::{self, Table};
use crate::secrets_store::chosen::find_store;
use crate::secrets_store::page::{BY_NAME, PageFlags};
use crate::secrets_store::place::{PlaceFlags, explained, path_in, waiting};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer secrets-store secret list production --remote\n  coffer secrets-store secret list dev --json"
)]
pub(crate) struct List {
    /// The store: its ID, or its name
    #[arg(value_name = "STORE")]
    store: String,
    #[command(flatten)]
    page: PageFlags,
    #[command(flatten)]
    place: PlaceFlags,
}

impl List {
    pub(super) async fn run(self) -> Result<(), Failure> {
        self.place
            .with(async |target| {
                let store = find_store(target, &self.store).await?;
                let spinner = waiting(target, "Reading");
                let path = path_in(target, store.id, "/secrets");
                let (secrets, part) = self
                    .page
                    .read::<Secret>(target, &path, &BY_NAME)
                    .await
                    .map_err(|error| explained(target, &store, error))?;
                drop(spinner);
                print(&secrets);
                if let (Some(part), false) = (part, output::is_json()) {
                    output::note(part);
                }
                Ok(())
            })
            .await
    }
}

fn print(secrets: &[Secret]) {
    if output::is_json() {
        output::json(&secrets);
        return;
    }
    if secrets.is_empty() {
        output::note("There are no secrets here");
        return;
    }
    let mut table = Table::new(&["NAME", "ID", "SCOPES", "STATUS", "COMMENT"]);
    table.keep_whole(1);
    for secret in secrets {
        table.row([
            secret.name.as_str(),
            &secret.id.to_string(),
            &scopes_of(secret),
            secret.status.as_str(),
            secret
                .comment
                .as_ref()
                .map_or("", |comment| comment.as_str()),
        ]);
    }
    table.print();
}
