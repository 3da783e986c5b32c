//! The Worker that a command is about, on its server.

use std::collections::BTreeMap;

use clap::Args;
use coffer_protocol::workers::{Deployment, Deployments, Version};
use coffer_types::{VersionId, WorkerName};

use crate::api::{Answer, Api, ApiError, segment};
use crate::failure::Failure;
use crate::project::{self, ProjectFlags};
use crate::remote::{self, Server, ServerFlags};

/// Codes with which the API says that there is no such Worker.
const NO_WORKER: [u32; 2] = [10007, 10090];

/// Flags of every command about one Worker.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct WorkerFlags {
    /// The Worker [default: that of the configuration].
    #[arg(long, value_name = "WORKER")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) project: ProjectFlags,
    #[command(flatten)]
    pub(crate) server: ServerFlags,
}

/// A Worker's place on a server. There may be none yet.
#[derive(Debug)]
pub(crate) struct Worker {
    server: Server,
    name: WorkerName,
}

impl WorkerFlags {
    /// The Worker that flags and configuration name.
    ///
    /// # Errors
    /// A usage error if none does, and whatever keeps from the server.
    pub(crate) async fn open(&self) -> Result<Worker, Failure> {
        self.open_named(self.name.as_deref()).await
    }

    /// The same, where the name may be given in another way, too.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) async fn open_named(&self, name: Option<&str>) -> Result<Worker, Failure> {
        let config = self.project.read_for_names()?;
        let name = match (name, self.project.environment()) {
            (Some(name), Some(environment)) => Some(format!("{name}-{environment}")),
            (Some(name), None) => Some(name.to_owned()),
            (None, _) => config.as_ref().and_then(|config| config.name.clone()),
        };
        let name = name.ok_or_else(|| {
            Failure::usage(
                "which Worker? Run this where its wrangler.jsonc or wrangler.toml is, or name it with --name",
            )
        })?;
        let name: WorkerName = name
            .parse()
            .map_err(|error| Failure::usage(format!("the Worker's name {error}")))?;
        let server = remote::connect(&self.server, project::account(config.as_ref())?).await?;
        Ok(Worker { server, name })
    }
}

impl Worker {
    pub(crate) const fn api(&self) -> &Api {
        &self.server.api
    }

    pub(crate) const fn name(&self) -> &WorkerName {
        &self.name
    }

    /// A path of the account's Workers, such as `/scripts`.
    pub(crate) fn workers_path(&self, path: &str) -> String {
        format!("/accounts/{}/workers{path}", self.server.account)
    }

    /// A path of the Worker as a script, such as `/secrets`.
    pub(crate) fn script_path(&self, path: &str) -> String {
        self.workers_path(&format!("/scripts/{}{path}", segment(self.name.as_str())))
    }

    /// What to say of an error: a Worker that is not there is named.
    pub(crate) fn failure(&self, error: ApiError) -> Failure {
        if NO_WORKER.iter().any(|code| error.has_code(*code)) {
            return Failure::not_found(format!(
                "there is no Worker {} on {}: `coffer deploy` makes it",
                self.name,
                self.api().place()
            ));
        }
        error.into()
    }

    /// Whether an error says that the Worker is not there.
    pub(crate) fn is_missing(error: &ApiError) -> bool {
        NO_WORKER.iter().any(|code| error.has_code(*code))
    }

    /// Its deployments, newest first.
    pub(crate) async fn deployments(&self) -> Result<Vec<Deployment>, Failure> {
        let path = self.script_path("/deployments");
        let answer: Answer<Deployments> = self
            .api()
            .read(&path, &[])
            .await
            .map_err(|error| self.failure(error))?;
        Ok(answer.result.deployments)
    }

    /// One of its versions.
    pub(crate) async fn version(&self, id: VersionId) -> Result<Version, Failure> {
        let path = self.script_path(&format!("/versions/{id}"));
        let answer: Answer<Version> = self
            .api()
            .read(&path, &[])
            .await
            .map_err(|error| self.failure(error))?;
        Ok(answer.result)
    }

    /// Its versions, newest first: those that can be deployed, or all.
    pub(crate) async fn versions(&self, deployable: bool) -> Result<Vec<Version>, Failure> {
        let path = self.script_path("/versions");
        let query: &[_] = if deployable {
            &[("deployable", "true")]
        } else {
            &[]
        };
        let answer: Answer<coffer_protocol::workers::VersionItems> = self
            .api()
            .read(&path, query)
            .await
            .map_err(|error| self.failure(error))?;
        Ok(answer.result.items)
    }
}

/// An annotation of a version or deployment; empty if it has none of this name.
pub(crate) fn annotated<'a>(annotations: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    annotations.get(name).map_or("", String::as_str)
}
