//! `coffer secrets-store store`.

mod create;
mod delete;
mod list;

pub(super) use create::create_with_id;

use clap::Subcommand;

use crate::failure::Failure;

/// `coffer secrets-store store`.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Create a store
    Create(create::Create),
    /// List stores
    List(list::List),
    /// Delete a store
    Delete(delete::Delete),
}

/// Runs one of them.
pub(super) async fn run(command: StoreCommand) -> Result<(), Failure> {
    match command {
        StoreCommand::Create(create) => create.run().await,
        StoreCommand::List(list) => list.run().await,
        StoreCommand::Delete(delete) => delete.run().await,
    }
}
