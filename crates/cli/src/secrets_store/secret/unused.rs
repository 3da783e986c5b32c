//! `coffer secrets-store secret unused`.

use clap::Args;
use coffer_protocol::usage::UnusedSecret;
use coffer_types::limits::{DEFAULT_UNUSED_DAYS, MAX_UNUSED_DAYS};

use crate::failure::Failure;
use crate::output::{self, Table};
use crate::secrets_store::chosen::find_store;
use crate::secrets_store::page::day;
use crate::secrets_store::place::{PlaceFlags, own_path, waiting};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer secrets-store secret unused --remote\n  coffer secrets-store secret unused production --days 90 --remote"
)]
pub(crate) struct Unused {
    /// The store: its ID, or its name [default: all stores]
    #[arg(value_name = "STORE")]
    store: Option<String>,
    /// Those without a read in so many days; one that was never read is always among them
    #[arg(
        long,
        value_name = "DAYS",
        default_value_t = DEFAULT_UNUSED_DAYS,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_UNUSED_DAYS))
    )]
    days: u32,
    #[command(flatten)]
    place: PlaceFlags,
}

impl Unused {
    pub(super) async fn run(self) -> Result<(), Failure> {
        self.place
            .with(async |target| {
                let store = match &self.store {
                    Some(store) => Some(find_store(target, store).await?),
                    None => None,
                };
                let spinner = waiting(target, "Reading");
                let path = own_path(target, "/secrets/unused");
                let days = self.days.to_string();
                let mut unused: Vec<UnusedSecret> = target
                    .api()
                    .read_all(&path, &[("days", days.as_str())])
                    .await?;
                drop(spinner);
                unused.retain(|secret| {
                    store
                        .as_ref()
                        .is_none_or(|store| secret.store_id == store.id)
                });
                self.tell(&unused);
                Ok(())
            })
            .await
    }

    fn tell(&self, unused: &[UnusedSecret]) {
        if output::is_json() {
            output::json(&unused);
            return;
        }
        if unused.is_empty() {
            output::note(format_args!(
                "Every secret was read in the last {} days",
                self.days
            ));
            return;
        }
        let mut table = Table::new(&["NAME", "ID", "LAST READ", "BOUND"]);
        table.keep_whole(1);
        for secret in unused {
            table.row([
                secret.name.as_str(),
                &secret.id.to_string(),
                &secret.last_read.map_or_else(|| "never".to_owned(), day),
                if secret.bound { "yes" } else { "no" },
            ]);
        }
        table.print();
    }
}
