//! `coffer secrets-store secret`.

mod create;
mod delete;
mod diff;
mod duplicate;
mod get;
mod import;
mod list;
mod unused;
mod update;
mod usage;

use clap::Subcommand;
use coffer_protocol::secrets_store::Secret;
use coffer_types::limits::DEFAULT_SECRET_VALUE_BYTES;
use coffer_types::{Scope, SecretName};
use http::Method;
use serde::Serialize;

use super::chosen::ChosenStore;
use super::place::{explained, path_in};
use super::store::create_with_id;
use crate::api::{Answer, ApiError, Body};
use crate::failure::Failure;
use crate::output;
use crate::target::Target;

/// `coffer secrets-store secret`.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Create a secret
    Create(create::Create),
    /// List the secrets of a store; values are never shown
    List(list::List),
    /// Show a secret's metadata; its value is never shown
    Get(get::Get),
    /// Change a secret's value, scopes or comment
    Update(update::Update),
    /// Create a secret with the value of another
    Duplicate(duplicate::Duplicate),
    /// Delete a secret
    Delete(delete::Delete),
    /// Create the secrets of a .env or JSON file: all of them, or none
    Import(import::Import),
    /// Compare a .env or JSON file with a store, by names
    Diff(diff::Diff),
    /// Show which Workers bind and read secrets
    Usage(usage::Usage),
    /// List secrets that nothing reads
    Unused(unused::Unused),
}

/// Runs one of them.
pub(super) async fn run(command: SecretCommand) -> Result<(), Failure> {
    match command {
        SecretCommand::Create(create) => create.run().await,
        SecretCommand::List(list) => list.run().await,
        SecretCommand::Get(get) => get.run().await,
        SecretCommand::Update(update) => update.run().await,
        SecretCommand::Duplicate(duplicate) => duplicate.run().await,
        SecretCommand::Delete(delete) => delete.run().await,
        SecretCommand::Import(import) => import.run().await,
        SecretCommand::Diff(diff) => diff.run().await,
        SecretCommand::Usage(usage) => usage.run().await,
        SecretCommand::Unused(unused) => unused.run().await,
    }
}

/// A scope of a list, with or without space around it.
fn scope(text: &str) -> Result<Scope, String> {
    let parsed = text.trim().parse();
    parsed.map_err(|error| format!("a scope {error}"))
}

/// What the list of scopes is called in tables.
fn scopes_of(secret: &Secret) -> String {
    let scopes: Vec<_> = secret.scopes.iter().map(Scope::as_str).collect();
    scopes.join(",")
}

/// Warns of a value that the project's own Coffer takes, and a server does not unless its operator allows more.
fn warn_of_length(target: &Target, name: &SecretName, value: &str) {
    if target.is_local() {
        tell_of_length(name, value);
    }
}

/// Warns of a value that only some servers take.
fn tell_of_length(name: &SecretName, value: &str) {
    let limit = DEFAULT_SECRET_VALUE_BYTES;
    if value.len() > limit as usize {
        output::warning(format_args!(
            "{name} has {} bytes; a server takes {limit}, unless its operator allows more",
            value.len()
        ));
    }
}

/// Makes secrets, all or none. A store that the project's own Coffer does not have yet is made, too.
async fn make(
    target: &Target,
    store: &ChosenStore,
    new: &[impl Serialize],
) -> Result<Vec<Secret>, Failure> {
    match post(target, store, new).await {
        Err(error) if target.is_local() && error.says("store_not_found") => {
            create_with_id(target, store.id).await?;
            post(target, store, new).await
        }
        other => other,
    }
    .map_err(|error| explained(target, store, error))
}

async fn post(
    target: &Target,
    store: &ChosenStore,
    new: &[impl Serialize],
) -> Result<Vec<Secret>, ApiError> {
    let path = path_in(target, store.id, "/secrets");
    let answer: Answer<Vec<Secret>> = target
        .api()
        .write(Method::POST, &path, &[], Body::json(&new))
        .await?;
    Ok(answer.result)
}
