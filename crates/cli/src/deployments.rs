//! `coffer deployments`: which versions of a Worker answer, and which did before.

pub(crate) mod create;
mod list;
mod status;

use clap::Subcommand;
use coffer_protocol::workers::Deployment;

use crate::failure::Failure;
use crate::output::{self, facts};
use crate::versions::percent;
use crate::worker::annotated;

/// `coffer deployments`.
#[derive(Debug, Subcommand)]
pub(crate) enum DeploymentsCommand {
    /// List the newest deployments
    List(list::List),
    /// Show the deployment that is live
    #[command(alias = "view")]
    Status(status::Status),
}

/// Runs one of them.
pub(crate) async fn run(command: DeploymentsCommand) -> Result<(), Failure> {
    match command {
        DeploymentsCommand::List(list) => list.run().await,
        DeploymentsCommand::Status(status) => status.run().await,
    }
}

fn show(deployment: &Deployment) {
    let author = deployment.author_email.as_ref();
    let mut lines = vec![
        ("Created", output::moment(deployment.created_on)),
        (
            "Author",
            author.map_or_else(|| "-".to_owned(), ToString::to_string),
        ),
        ("Source", deployment.source.clone()),
    ];
    match annotated(&deployment.annotations, "workers/message") {
        "" => {}
        message => lines.push(("Message", message.to_owned())),
    }
    for share in &deployment.versions {
        lines.push((
            "Version",
            format!("{} {}", percent(share.percentage), share.version_id),
        ));
    }
    facts(&lines);
}
