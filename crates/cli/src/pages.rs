//! `coffer pages`: Pages projects, their secrets and deployments.

mod deploy;
mod deployment;
mod place;
mod project;
mod secret;

use clap::Subcommand;

use crate::failure::Failure;

/// `coffer pages`.
#[derive(Debug, Subcommand)]
pub(crate) enum PagesCommand {
    /// Run a project on this machine, and run it anew whenever a file is saved
    Dev(Box<crate::dev::PagesDev>),
    /// Manage projects
    #[command(subcommand)]
    Project(project::ProjectCommand),
    /// Manage the secrets of a project
    #[command(subcommand)]
    Secret(secret::PagesSecretCommand),
    /// Deploy a directory of static files, with its functions
    Deploy(deploy::Deploy),
    /// Manage the deployments of a project
    #[command(subcommand)]
    Deployment(deployment::PagesDeploymentCommand),
}

/// Runs one of them.
pub(crate) async fn run(command: PagesCommand) -> Result<(), Failure> {
    match command {
        PagesCommand::Dev(dev) => dev.run().await,
        PagesCommand::Project(command) => project::run(command).await,
        PagesCommand::Secret(command) => secret::run(command).await,
        PagesCommand::Deploy(deploy) => deploy.run().await,
        PagesCommand::Deployment(command) => deployment::run(command).await,
    }
}
