//! `coffer pages project`.

use clap::{Args, Subcommand};
use coffer_protocol::pages::Project;
use http::Method;
use serde_json::json;

use super::place::{PagesFlags, projects_path};
use crate::api::{Answer, Body};
use crate::failure::Failure;
use crate::output::{self, Table, prompt};

/// `coffer pages project`.
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    /// List the projects
    List(List),
    /// Make a project
    Create(Create),
    /// Delete a project with its deployments
    Delete(Delete),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    flags: PagesFlags,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  coffer pages project create docs --production-branch main")]
pub(crate) struct Create {
    /// Its name
    name: Option<String>,
    /// The branch whose deployments are production [default: main]
    #[arg(long, value_name = "BRANCH")]
    production_branch: Option<String>,
    /// The date that its functions' behaviour is fixed at
    #[arg(long, value_name = "DATE")]
    compatibility_date: Option<String>,
    /// Exceptions to that date
    #[arg(long, visible_alias = "compatibility-flag", value_name = "FLAG", num_args = 1..)]
    compatibility_flags: Vec<String>,
    #[command(flatten)]
    flags: PagesFlags,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// Its name
    name: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    flags: PagesFlags,
}

/// Runs one of them.
pub(crate) async fn run(command: ProjectCommand) -> Result<(), Failure> {
    match command {
        ProjectCommand::List(list) => list.run().await,
        ProjectCommand::Create(create) => create.run().await,
        ProjectCommand::Delete(delete) => delete.run().await,
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let server = self.flags.server().await?;
        let path = projects_path(&server);
        // Ten are the most on a page of this list.
        let projects: Vec<Project> = server.api.read_all_by(&path, &[], 10).await?;
        if output::is_json() {
            output::json(&projects);
            return Ok(());
        }
        if projects.is_empty() {
            output::note("There are no Pages projects; `coffer pages project create` makes one");
            return Ok(());
        }
        let mut table = Table::new(&["PROJECT", "DOMAINS", "PRODUCTION BRANCH", "LAST DEPLOYED"]);
        for project in &projects {
            let last = project.latest_deployment.as_ref();
            table.row([
                project.name.to_string(),
                project.domains.join(", "),
                project.production_branch.to_string(),
                last.map_or_else(|| "-".to_owned(), |last| output::moment(last.created_on)),
            ]);
        }
        table.print();
        Ok(())
    }
}

impl Create {
    async fn run(self) -> Result<(), Failure> {
        let name = match self.name.or(self.flags.project_name.clone()) {
            Some(name) => name,
            None => prompt::text(
                "The project's name",
                "name it: coffer pages project create NAME",
            )?,
        };
        let branch = self.production_branch.unwrap_or_else(|| "main".to_owned());
        let mut configuration = json!({});
        if let Some(date) = self.compatibility_date {
            configuration["compatibility_date"] = json!(date);
        }
        if !self.compatibility_flags.is_empty() {
            configuration["compatibility_flags"] = json!(self.compatibility_flags);
        }
        let new = json!({
            "name": name,
            "production_branch": branch,
            "deployment_configs": { "production": configuration, "preview": configuration },
        });
        let server = self.flags.server().await?;
        let answer: Answer<Project> = server
            .api
            .write(Method::POST, &projects_path(&server), &[], Body::json(&new))
            .await?;
        let project = answer.result;
        if output::is_json() {
            output::json(&project);
        } else {
            output::note(format_args!("Pages project {} is made", project.name));
            output::data(&project.subdomain);
            output::note(format_args!(
                "To deploy a directory: coffer pages deploy DIRECTORY --project-name {}",
                project.name
            ));
        }
        Ok(())
    }
}

impl Delete {
    async fn run(self) -> Result<(), Failure> {
        let place = self.flags.open(self.name.as_deref()).await?;
        let project = place.project().await?;
        if !self.yes && output::may_ask() {
            let question = format!(
                "Delete Pages project {} with its deployments and secrets? This cannot be undone.",
                project.name
            );
            if !prompt::confirm(&question, false, "add --yes")? {
                return Err(Failure::sentence("nothing was deleted"));
            }
        }
        let _: Answer<serde_json::Value> = place
            .api()
            .write(Method::DELETE, &place.path(""), &[], Body::none())
            .await
            .map_err(|error| place.failure(error))?;
        if output::is_json() {
            output::json(&json!({ "project": project.name }));
        } else {
            output::note(format_args!("Pages project {} is deleted", project.name));
        }
        Ok(())
    }
}
