//! `coffer pages`: Pages projects, their secrets and deployments.

mod deployment;
mod place;
mod project;
mod secret;

use clap::Subcommand;

use crate::failure::Failure;

/// `coffer pages`.
#[derive(Debug, Subcommand)]
pub(crate) enum PagesCommand {
    /// Manage projects
    #[command(subcommand)]
    Project(project::ProjectCommand),
    /// Manage the secrets of a project
    #[command(subcommand)]
    Secret(secret::PagesSecretCommand),
    /// Manage the deployments of a project
    #[command(subcommand)]
    Deployment(deployment::PagesDeploymentCommand),
}

/// Runs one of them.
pub(crate) async fn run(command: PagesCommand) -> Result<(), Failure> {
    match command {
        PagesCommand::Project(command) => project::run(command).await,
        PagesCommand::Secret(command) => secret::run(command).await,
        PagesCommand::Deployment(command) => deployment::run(command).await,
    }
}
