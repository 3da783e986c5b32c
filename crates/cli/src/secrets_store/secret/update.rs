//! `coffer secrets-store secret update`.

use clap::Args;
use coffer_protocol::secrets_store::Secret;
use coffer_types::Scope;
use http::Method;
use serde::Serialize;

use super::{scope, warn_of_length};
use crate::api::{Answer, Body};
use crate::failure::Failure;
use crate::output;
use crate::secrets_store::chosen::{SecretFlags, find_store};
use crate::secrets_store::place::{PlaceFlags, explained, path_in, waiting};
use crate::value::{self, ValueFlags};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer secrets-store secret update production API_KEY --remote\n  coffer secrets-store secret update production API_KEY --comment 'billing' --remote\n  coffer secrets-store secret update dev API_KEY --scopes workers < key.txt\n\nA new value reaches every service that uses the secret. What is on stdin is one; at a terminal it is asked for, unless only --scopes or --comment is given."
)]
pub(crate) struct Update {
    /// The store: its ID, or its name
    #[arg(value_name = "STORE")]
    store: String,
    #[command(flatten)]
    secret: SecretFlags,
    #[command(flatten)]
    value: ValueFlags,
    /// Ask for a new value also beside --scopes or --comment
    #[arg(long, conflicts_with = "value")]
    new_value: bool,
    /// Who may use it from now on, separated by commas
    #[arg(long, value_name = "SCOPES", value_delimiter = ',', value_parser = scope)]
    scopes: Vec<Scope>,
    /// What people should know of it
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    #[command(flatten)]
    place: PlaceFlags,
}

#[derive(Serialize)]
struct Changes<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    scopes: &'a [Scope],
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
}

impl Update {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let only_others = !self.scopes.is_empty() || self.comment.is_some();
        let value = if self.value.is_given() || self.new_value || !only_others {
            Some(value::given_or_read(self.value, "New value")?)
        } else {
            value::piped(&self.value)?
        };
        let mut changed = Vec::new();
        changed.extend(value.as_ref().map(|_| "value"));
        changed.extend((!self.scopes.is_empty()).then_some("scopes"));
        changed.extend(self.comment.as_ref().map(|_| "comment"));
        self.place
            .with(async |target| {
                let store = find_store(target, &self.store).await?;
                let spinner = waiting(target, "Updating the secret");
                let secret = self.secret.find(target, &store).await?;
                if let Some(value) = &value {
                    warn_of_length(target, &secret.name, value);
                }
                let changes = Changes {
                    value: value.as_ref().map(|value| value.as_str()),
                    scopes: &self.scopes,
                    comment: self.comment.as_deref(),
                };
                let path = path_in(target, store.id, &format!("/secrets/{}", secret.id));
                let answer: Answer<Secret> = target
                    .api()
                    .write(Method::PATCH, &path, &[], Body::json(&changes))
                    .await
                    .map_err(|error| explained(target, &store, error))?;
                drop(spinner);
                if output::is_json() {
                    output::json(&answer.result);
                } else {
                    output::note(format_args!(
                        "Secret {} is updated: {} (ID: {})",
                        secret.name,
                        changed.join(", "),
                        secret.id
                    ));
                }
                Ok(())
            })
            .await
    }
}
