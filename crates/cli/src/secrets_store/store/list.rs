//! `coffer secrets-store store list`.

use clap::Args;
use coffer_protocol::secrets_store::Store;

use crate::failure::Failure;
use crate::output::{self, Table};
use crate::secrets_store::page::{PageFlags, day};
use crate::secrets_store::place::{PlaceFlags, waiting};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer secrets-store store list --remote\n  coffer secrets-store store list --remote --json"
)]
pub(crate) struct List {
    #[command(flatten)]
    page: PageFlags,
    #[command(flatten)]
    place: PlaceFlags,
}

impl List {
    pub(super) async fn run(self) -> Result<(), Failure> {
        self.place
            .with(async |target| {
                let spinner = waiting(target, "Reading");
                let path = target.path("/secrets_store/stores");
                let (stores, beyond) = self.page.read::<Store>(target, &path, &[]).await?;
                drop(spinner);
                if output::is_json() {
                    output::json(&stores);
                    return Ok(());
                }
                if stores.is_empty() {
                    output::note(format_args!(
                        "{} has no stores{}",
                        target.api().place(),
                        if beyond.is_some() {
                            " on this page"
                        } else {
                            ""
                        }
                    ));
                    return Ok(());
                }
                let mut table = Table::new(&["NAME", "ID", "CREATED"]);
                table.keep_whole(1);
                for store in &stores {
                    let (id, created) = (store.id.to_string(), day(store.created));
                    table.row([store.name.as_str(), &id, &created]);
                }
                table.print();
                if let Some(beyond) = beyond {
                    output::note(beyond);
                }
                Ok(())
            })
            .await
    }
}
