//! `coffer secrets-store secret create`.

use clap::Args;
use coffer_types::{Scope, SecretName};
use serde::Serialize;

use super::{make, scope, warn_of_length};
use crate::failure::Failure;
use crate::output;
use crate::secrets_store::chosen::find_store;
use crate::secrets_store::place::{PlaceFlags, waiting};
use crate::value::{self, ValueFlags};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer secrets-store secret create production --name API_KEY --scopes workers --remote\n  openssl rand -hex 32 | coffer secrets-store secret create dev --name SESSION_KEY\n  coffer secrets-store secret create dev --name TLS_KEY --raw < key.pem"
)]
pub(crate) struct Create {
    /// The store: its ID, or its name
    #[arg(value_name = "STORE")]
    store: String,
    /// The secret's name
    #[arg(long, value_name = "NAME")]
    name: SecretName,
    #[command(flatten)]
    value: ValueFlags,
    /// Who may use it, separated by commas
    #[arg(long, value_name = "SCOPES", value_delimiter = ',', value_parser = scope, default_value = "workers")]
    scopes: Vec<Scope>,
    /// What people should know of it
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    #[command(flatten)]
    place: PlaceFlags,
}

#[derive(Serialize)]
struct New<'a> {
    name: &'a SecretName,
    value: &'a str,
    scopes: &'a [Scope],
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
}

impl Create {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let value = value::given_or_read(self.value, &format!("Value of {}", self.name))?;
        self.place
            .with(async |target| {
                let store = find_store(target, &self.store).await?;
                warn_of_length(target, &self.name, &value);
                let spinner = waiting(target, "Creating the secret");
                let new = New {
                    name: &self.name,
                    value: &value,
                    scopes: &self.scopes,
                    comment: self.comment.as_deref(),
                };
                let made = make(target, &store, &[new]).await?;
                drop(spinner);
                for secret in made {
                    if output::is_json() {
                        output::json(&secret);
                    } else {
                        output::note(format_args!(
                            "Secret {} is created (ID: {})",
                            secret.name, secret.id
                        ));
                    }
                }
                Ok(())
            })
            .await
    }
}
