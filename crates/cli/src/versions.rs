//! `coffer versions`: versions of one Worker, and how traffic is divided among them.

mod deploy;
mod list;
mod secret;
mod upload;
mod view;

pub(crate) use deploy::percent;

use clap::Subcommand;

use crate::failure::Failure;

/// `coffer versions`.
#[derive(Debug, Subcommand)]
pub(crate) enum VersionsCommand {
    /// Upload the project as a new version, without traffic
    Upload(Box<upload::Upload>),
    /// List the newest versions that can be deployed
    List(list::List),
    /// Show one version, with its bindings
    View(view::View),
    /// Divide traffic between one or two versions
    Deploy(deploy::Deploy),
    /// Change secrets in a new version, without deploying it
    #[command(subcommand)]
    Secret(secret::VersionsSecretCommand),
}

/// Runs one of them.
pub(crate) async fn run(command: VersionsCommand) -> Result<(), Failure> {
    match command {
        VersionsCommand::Upload(upload) => upload.run().await,
        VersionsCommand::List(list) => list.run().await,
        VersionsCommand::View(view) => view.run().await,
        VersionsCommand::Deploy(deploy) => deploy.run().await,
        VersionsCommand::Secret(command) => secret::run(command).await,
    }
}
