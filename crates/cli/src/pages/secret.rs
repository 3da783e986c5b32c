//! `coffer pages secret`: secrets of a project's environments. They count from the next deployment on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use coffer_protocol::workers::WorkerSecret;
use http::Method;
use serde::Serialize;
use serde_json::json;

use super::place::{Environment, PagesFlags, Place};
use crate::api::{Answer, Body};
use crate::failure::Failure;
use crate::output::{self, prompt};
use crate::secret::{Format, bulk, list};
use crate::value;

/// `coffer pages secret`.
#[derive(Debug, Subcommand)]
pub(crate) enum PagesSecretCommand {
    /// Set a secret
    Put(Put),
    /// Delete a secret
    Delete(Delete),
    /// List the secrets by their names
    List(List),
    /// Set and delete several secrets at once, from JSON or a .env file
    Bulk(Bulk),
}

/// Flags of each of them.
#[derive(Debug, Args)]
pub(crate) struct SecretFlags {
    /// The environment
    #[arg(short, long, value_enum, default_value_t = Environment::Production)]
    env: Environment,
    #[command(flatten)]
    pages: PagesFlags,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  coffer pages secret put API_KEY --project-name docs --env preview"
)]
pub(crate) struct Put {
    /// The secret's name: the property of `env`
    key: String,
    /// Keep the newline at the end of stdin
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    flags: SecretFlags,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The secret's name
    key: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    flags: SecretFlags,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// The form of the list; --json is the same as json
    #[arg(long, value_enum)]
    format: Option<Format>,
    #[command(flatten)]
    flags: SecretFlags,
}

#[derive(Debug, Args)]
pub(crate) struct Bulk {
    /// JSON such as {"NAME": "value"}, where null deletes, or a .env file [default: stdin]
    file: Option<PathBuf>,
    #[command(flatten)]
    flags: SecretFlags,
}

/// A secret as it is sent.
#[derive(Serialize)]
struct NewSecret<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    value: &'a str,
}

type Secrets<'a> = BTreeMap<&'a str, Option<NewSecret<'a>>>;

/// Runs one of them.
pub(crate) async fn run(command: PagesSecretCommand) -> Result<(), Failure> {
    match command {
        PagesSecretCommand::Put(put) => put.run().await,
        PagesSecretCommand::Delete(delete) => delete.run().await,
        PagesSecretCommand::List(list) => list.run().await,
        PagesSecretCommand::Bulk(bulk) => bulk.run().await,
    }
}

impl Put {
    async fn run(self) -> Result<(), Failure> {
        let place = self.flags.pages.open(None).await?;
        let value = value::read(&format!("Value of {}", self.key), self.raw)?;
        let secrets = BTreeMap::from([(self.key.as_str(), Some(new_secret(&value)))]);
        send(&place, self.flags.env, secrets).await?;
        tell(&place, &self.key, self.flags.env, "set");
        Ok(())
    }
}

impl Delete {
    async fn run(self) -> Result<(), Failure> {
        let place = self.flags.pages.open(None).await?;
        let present = of_environment(&place, self.flags.env).await?;
        if !present
            .iter()
            .any(|secret| secret.name.as_str() == self.key)
        {
            return Err(Failure::not_found(format!(
                "project {} has no secret {} in {}: `coffer pages secret list` shows them",
                place.name(),
                self.key,
                self.flags.env.name()
            )));
        }
        if !self.yes && output::may_ask() {
            let question = format!("Delete secret {} of project {}?", self.key, place.name());
            if !prompt::confirm(&question, false, "add --yes")? {
                return Err(Failure::sentence("nothing was deleted"));
            }
        }
        let secrets = BTreeMap::from([(self.key.as_str(), None)]);
        send(&place, self.flags.env, secrets).await?;
        tell(&place, &self.key, self.flags.env, "deleted");
        Ok(())
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let place = self.flags.pages.open(None).await?;
        let secrets = of_environment(&place, self.flags.env).await?;
        list::print(&secrets, Format::is_json(self.format));
        Ok(())
    }
}

impl Bulk {
    async fn run(self) -> Result<(), Failure> {
        let entries = bulk::read(self.file.as_deref())?;
        let place = self.flags.pages.open(None).await?;
        let secrets = entries.iter().map(|entry| {
            let value = entry.value.as_deref().map(|value| new_secret(value));
            (entry.name.as_str(), value)
        });
        send(&place, self.flags.env, secrets.collect()).await?;
        bulk::tell("project", place.name(), &entries);
        output::note("They count from the next deployment on");
        Ok(())
    }
}

const fn new_secret(value: &str) -> NewSecret<'_> {
    NewSecret {
        kind: "secret_text",
        value,
    }
}

async fn send(
    place: &Place,
    environment: Environment,
    secrets: Secrets<'_>,
) -> Result<(), Failure> {
    // Typed, not a JSON value: values pass through no buffer that is not wiped.
    let patch = BTreeMap::from([(
        "deployment_configs",
        BTreeMap::from([(environment.name(), BTreeMap::from([("env_vars", secrets)]))]),
    )]);
    let _: Answer<serde_json::Value> = place
        .api()
        .write(Method::PATCH, &place.path(""), &[], Body::json(&patch))
        .await
        .map_err(|error| place.failure(error))?;
    Ok(())
}

async fn of_environment(
    place: &Place,
    environment: Environment,
) -> Result<Vec<WorkerSecret>, Failure> {
    let configurations = place.project().await?.deployment_configs;
    let configuration = match environment {
        Environment::Production => configurations.production,
        Environment::Preview => configurations.preview,
    };
    let secrets = configuration.env_vars.into_iter();
    Ok(secrets
        .filter(|(_, variable)| variable.kind == "secret_text")
        .map(|(name, _)| WorkerSecret::named(name))
        .collect())
}

fn tell(place: &Place, key: &str, environment: Environment, done: &str) {
    if output::is_json() {
        let environment = environment.name();
        output::json(&json!({ "name": key, "project": place.name(), "environment": environment }));
        return;
    }
    output::note(format_args!(
        "Secret {key} of project {} is {done} in {}; that counts from the next deployment on",
        place.name(),
        environment.name()
    ));
}
