//! The Pages project that a command is about, on its server.

use clap::{Args, ValueEnum};
use coffer_protocol::pages::Project;

use crate::api::{Answer, Api, ApiError, segment};
use crate::failure::Failure;
use crate::project::ProjectFlags;
use crate::remote::{self, Server, ServerFlags};

/// The code with which the API says that there is no such project.
const NO_PROJECT: u32 = 8_000_007;

/// Flags of every command about one project.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PagesFlags {
    /// The project [default: that of the configuration]
    #[arg(long, visible_alias = "project", value_name = "NAME")]
    pub(crate) project_name: Option<String>,
    /// The configuration [default: wrangler.json, wrangler.jsonc or wrangler.toml, here or above]
    #[arg(short, long, value_name = "FILE", help_heading = "Project")]
    config: Option<std::path::PathBuf>,
    #[command(flatten)]
    server: ServerFlags,
}

/// An environment of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Environment {
    /// What is deployed from the production branch.
    Production,
    /// What is deployed from any other.
    Preview,
}

impl Environment {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Preview => "preview",
        }
    }
}

/// A project's place on a server.
#[derive(Debug)]
pub(crate) struct Place {
    server: Server,
    name: String,
}

impl PagesFlags {
    /// The project that flags, argument and configuration name.
    ///
    /// # Errors
    /// A usage error if none does, and whatever keeps from the server.
    pub(crate) async fn open(&self, argument: Option<&str>) -> Result<Place, Failure> {
        let named = argument.or(self.project_name.as_deref()).map(str::to_owned);
        let name = match named {
            Some(name) => name,
            None => self.configured()?.ok_or_else(|| {
                Failure::usage(
                    "which project? Run this where its wrangler.jsonc or wrangler.toml is, or name it with \
                     --project-name",
                )
            })?,
        };
        let server = self.server().await?;
        Ok(Place { server, name })
    }

    /// The server.
    ///
    /// # Errors
    /// Whatever keeps from it.
    pub(crate) async fn server(&self) -> Result<Server, Failure> {
        remote::connect(&self.server, None).await
    }

    /// The configuration of an environment, and its warnings on stderr; `None` if there is none of a Pages project.
    ///
    /// # Errors
    /// What is wrong in it.
    pub(crate) fn read(
        &self,
        environment: coffer_wrangler_config::PagesEnvironment,
    ) -> Result<Option<coffer_wrangler_config::Read>, Failure> {
        let project = ProjectFlags {
            config: self.config.clone(),
            env: None,
        };
        match project
            .open()?
            .filter(coffer_wrangler_config::Project::is_pages)
        {
            Some(project) => project
                .pages_config(environment)
                .map(Some)
                .map_err(Failure::usage),
            None => Ok(None),
        }
    }

    /// The name in the configuration, if that is a Pages project's.
    fn configured(&self) -> Result<Option<String>, Failure> {
        let read = self.read(coffer_wrangler_config::PagesEnvironment::Production)?;
        Ok(read.and_then(|read| read.config.name))
    }
}

impl Place {
    pub(crate) const fn api(&self) -> &Api {
        &self.server.api
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A path of the project, such as `/deployments`.
    pub(crate) fn path(&self, path: &str) -> String {
        format!(
            "{}/{}{path}",
            projects_path(&self.server),
            segment(&self.name)
        )
    }

    /// What to say of an error: a project that is not there is named.
    pub(crate) fn failure(&self, error: ApiError) -> Failure {
        if error.has_code(NO_PROJECT) {
            return Failure::not_found(format!(
                "there is no Pages project {} on {}: `coffer pages project list` shows those that are there, `coffer \
                 pages project create` makes one",
                self.name,
                self.api().place()
            ));
        }
        error.into()
    }

    /// Whether an error says that the project is not there.
    pub(crate) fn is_missing(error: &ApiError) -> bool {
        error.has_code(NO_PROJECT)
    }

    /// The path of the account's projects.
    pub(crate) fn projects_path(&self) -> String {
        projects_path(&self.server)
    }

    /// The project.
    pub(crate) async fn project(&self) -> Result<Project, Failure> {
        let answer: Answer<Project> = self
            .api()
            .read(&self.path(""), &[])
            .await
            .map_err(|error| self.failure(error))?;
        Ok(answer.result)
    }
}

/// The path of an account's projects.
pub(crate) fn projects_path(server: &Server) -> String {
    format!("/accounts/{}/pages/projects", server.account)
}
