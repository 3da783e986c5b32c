//! `coffer pages deployment`.

use clap::{Args, Subcommand};
use coffer_protocol::pages::Deployment;
use http::Method;
use serde_json::json;

use super::place::{Environment, PagesFlags, Place};
use crate::api::{Answer, Body, segment};
use crate::failure::Failure;
use crate::output::{self, Table, prompt};
use crate::tail::{self, FilterFlags};

/// `coffer pages deployment`.
#[derive(Debug, Subcommand)]
pub(crate) enum PagesDeploymentCommand {
    /// List the deployments, newest first
    List(List),
    /// Follow the logs of a deployment
    Tail(Tail),
    /// Delete a deployment
    Delete(Delete),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those of this environment
    #[arg(long, value_enum)]
    environment: Option<Environment>,
    #[command(flatten)]
    flags: PagesFlags,
}

#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// The deployment, by its id or address [default: the newest of the environment]
    deployment: Option<String>,
    /// Whose newest deployment is followed
    #[arg(long, value_enum, default_value_t = Environment::Production)]
    environment: Environment,
    #[command(flatten)]
    filters: FilterFlags,
    #[command(flatten)]
    flags: PagesFlags,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The deployment, by its id
    deployment: String,
    /// Delete it even if a branch's host name leads to it
    #[arg(short, long)]
    force: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    flags: PagesFlags,
}

/// Runs one of them.
pub(crate) async fn run(command: PagesDeploymentCommand) -> Result<(), Failure> {
    match command {
        PagesDeploymentCommand::List(list) => list.run().await,
        PagesDeploymentCommand::Tail(tail) => tail.run().await,
        PagesDeploymentCommand::Delete(delete) => delete.run().await,
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let place = self.flags.open(None).await?;
        let deployments = deployments(&place, self.environment).await?;
        if output::is_json() {
            output::json(&deployments);
            return Ok(());
        }
        if deployments.is_empty() {
            output::note("There are no deployments; `coffer pages deploy DIRECTORY` makes one");
            return Ok(());
        }
        let columns = [
            "ID",
            "ENVIRONMENT",
            "BRANCH",
            "COMMIT",
            "ADDRESS",
            "CREATED",
        ];
        let mut table = Table::new(&columns);
        for deployment in &deployments {
            let metadata = &deployment.deployment_trigger.metadata;
            table.row([
                deployment.id.to_string(),
                deployment.environment.to_string(),
                metadata.branch.to_string(),
                metadata.commit_hash.chars().take(8).collect(),
                deployment.url.clone(),
                output::moment(deployment.created_on),
            ]);
        }
        table.print();
        Ok(())
    }
}

impl Tail {
    async fn run(self) -> Result<(), Failure> {
        let place = self.flags.open(None).await?;
        let id = match &self.deployment {
            Some(named) => found(&place, named).await?,
            None => {
                let newest = deployments(&place, Some(self.environment)).await?;
                let newest = newest.first().ok_or_else(|| {
                    Failure::not_found(format!(
                        "project {} has no deployment in {}",
                        place.name(),
                        self.environment.name()
                    ))
                })?;
                newest.id.to_string()
            }
        };
        let path = place.path(&format!("/deployments/{}/tails", segment(&id)));
        let what = format!("deployment {id} of project {}", place.name());
        tail::run(place.api(), &path, &what, &self.filters)
            .await
            .map_err(|error| match error {
                tail::TailError::Refused(error) => place.failure(error),
                tail::TailError::Ended(failure) => failure,
            })
    }
}

impl Delete {
    async fn run(self) -> Result<(), Failure> {
        let place = self.flags.open(None).await?;
        if !self.yes && output::may_ask() {
            let question = format!(
                "Delete deployment {} of project {}?",
                self.deployment,
                place.name()
            );
            if !prompt::confirm(&question, false, "add --yes")? {
                return Err(Failure::sentence("nothing was deleted"));
            }
        }
        let path = place.path(&format!("/deployments/{}", segment(&self.deployment)));
        let force = if self.force { "true" } else { "false" };
        let _: Answer<serde_json::Value> = place
            .api()
            .write(Method::DELETE, &path, &[("force", force)], Body::none())
            .await
            .map_err(|error| place.failure(error))?;
        if output::is_json() {
            output::json(&json!({ "project": place.name(), "deployment_id": self.deployment }));
        } else {
            output::note(format_args!("Deployment {} is deleted", self.deployment));
        }
        Ok(())
    }
}

async fn deployments(
    place: &Place,
    environment: Option<Environment>,
) -> Result<Vec<Deployment>, Failure> {
    let query: Vec<_> = environment
        .map(|environment| ("env", environment.name()))
        .into_iter()
        .collect();
    let answer: Answer<Vec<Deployment>> = place
        .api()
        .read(&place.path("/deployments"), &query)
        .await
        .map_err(|error| place.failure(error))?;
    Ok(answer.result)
}

/// The id of a deployment that is named by its id or its address.
async fn found(place: &Place, named: &str) -> Result<String, Failure> {
    let Some((_, host)) = named.split_once("://") else {
        return Ok(named.to_owned());
    };
    let host = host.split(['/', ':']).next().unwrap_or(host);
    let label = host.split('.').next().unwrap_or(host);
    let all = deployments(place, None).await?;
    let found = all.iter().find(|deployment| deployment.short_id == label);
    found.map(|deployment| deployment.id.to_string()).ok_or_else(|| {
        Failure::not_found(format!(
            "project {} has no deployment at {named}: `coffer pages deployment list` shows them",
            place.name()
        ))
    })
}
