//! `coffer secrets-store store create`.

use clap::Args;
use coffer_protocol::secrets_store::Store;
use coffer_types::{StoreId, StoreName};
use http::Method;
use serde_json::json;

use crate::api::{Answer, ApiError, Body};
use crate::failure::Failure;
use crate::output;
use crate::secrets_store::place::{PlaceFlags, waiting};
use crate::target::Target;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer secrets-store store create production --remote\n  coffer secrets-store store create dev"
)]
pub(crate) struct Create {
    /// The store's name
    #[arg(value_name = "NAME")]
    name: StoreName,
    #[command(flatten)]
    place: PlaceFlags,
}

impl Create {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let name = self.name;
        self.place
            .with(async |target| {
                let spinner = waiting(target, "Creating the store");
                let store = create(target, json!({ "name": name })).await?;
                drop(spinner);
                if output::is_json() {
                    output::json(&store);
                } else {
                    output::note(format_args!(
                        "Store {} is created (ID: {})",
                        store.name, store.id
                    ));
                }
                Ok(())
            })
            .await
    }
}

/// Makes the store that a project's configuration names, in the project's own Coffer. Its name is its id.
pub(in crate::secrets_store) async fn create_with_id(
    target: &Target,
    id: StoreId,
) -> Result<(), ApiError> {
    match create(target, json!({ "id": id, "name": id })).await {
        Ok(_) => Ok(()),
        // Another command made it at the same time.
        Err(error) if error.status() == Some(http::StatusCode::CONFLICT) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn create(target: &Target, body: serde_json::Value) -> Result<Store, ApiError> {
    let path = target.path("/secrets_store/stores");
    let answer: Answer<Store> = target
        .api()
        .write(Method::POST, &path, &[], Body::json(&body))
        .await?;
    Ok(answer.result)
}
