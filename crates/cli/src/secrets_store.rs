//! `coffer secrets-store`: stores and their secrets, on a server or in the project's own Coffer.
//!
//! To add an operation: a file below `store` or `secret` with its arguments and what it does, and a line in that
//! area's enum.

mod candidates;
mod chosen;
mod page;
mod place;
mod secret;
mod store;

use clap::Subcommand;

use crate::failure::Failure;

/// `coffer secrets-store`.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretsStoreCommand {
    /// Manage stores
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Manage the secrets of a store
    #[command(subcommand)]
    Secret(secret::SecretCommand),
}

/// Runs one of them.
pub(crate) async fn run(command: SecretsStoreCommand) -> Result<(), Failure> {
    match command {
        SecretsStoreCommand::Store(store) => store::run(store).await,
        SecretsStoreCommand::Secret(secret) => secret::run(secret).await,
    }
}
