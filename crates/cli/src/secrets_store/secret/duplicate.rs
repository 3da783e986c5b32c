//! `coffer secrets-store secret duplicate`.

use clap::Args;
use coffer_protocol::secrets_store::Secret;
use coffer_types::{Scope, SecretName};
use http::Method;
use serde_json::json;

use super::scope;
use crate::api::{Answer, Body};
use crate::failure::Failure;
use crate::output;
use crate::secrets_store::chosen::{SecretFlags, find_store};
use crate::secrets_store::place::{PlaceFlags, explained, path_in, waiting};

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  coffer secrets-store secret duplicate production API_KEY --name API_KEY_COPY --scopes workers --remote"
)]
pub(crate) struct Duplicate {
    /// The store: its ID, or its name
    #[arg(value_name = "STORE")]
    store: String,
    #[command(flatten)]
    secret: SecretFlags,
    /// The new secret's name
    #[arg(long, value_name = "NAME")]
    name: SecretName,
    /// Who may use the new secret, separated by commas [default: as the other]
    #[arg(long, value_name = "SCOPES", value_delimiter = ',', value_parser = scope)]
    scopes: Vec<Scope>,
    /// What people should know of the new secret
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    #[command(flatten)]
    place: PlaceFlags,
}

impl Duplicate {
    pub(super) async fn run(self) -> Result<(), Failure> {
        self.place
            .with(async |target| {
                let store = find_store(target, &self.store).await?;
                let spinner = waiting(target, "Duplicating the secret");
                let original = self.secret.find(target, &store).await?;
                let scopes: Vec<_> = match self.scopes.as_slice() {
                    [] => original.scopes.iter().collect(),
                    scopes => scopes.to_vec(),
                };
                let mut body = json!({ "name": self.name, "scopes": scopes });
                if let Some(comment) = &self.comment {
                    body["comment"] = json!(comment);
                }
                let rest = format!("/secrets/{}/duplicate", original.id);
                let answer: Answer<Secret> = target
                    .api()
                    .write(
                        Method::POST,
                        &path_in(target, store.id, &rest),
                        &[],
                        Body::json(&body),
                    )
                    .await
                    .map_err(|error| explained(target, &store, error))?;
                drop(spinner);
                let made = answer.result;
                if output::is_json() {
                    output::json(&made);
                } else {
                    output::note(format_args!(
                        "Secret {} is created with the value of {} (ID: {})",
                        made.name, original.name, made.id
                    ));
                }
                Ok(())
            })
            .await
    }
}
