//! `coffer versions secret`: secrets in a new version that is not deployed yet.

mod bulk;
mod delete;
mod list;
mod put;

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use coffer_types::VersionId;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::{Answer, Body};
use crate::failure::Failure;
use crate::output;
use crate::secret::SecretText;
use crate::worker::{Worker, WorkerFlags};

/// `coffer versions secret`.
#[derive(Debug, Subcommand)]
pub(crate) enum VersionsSecretCommand {
    /// Set a secret in a new version
    Put(put::Put),
    /// Delete a secret in a new version
    Delete(delete::Delete),
    /// List the secrets of the versions that are deployed
    List(list::List),
    /// Set and delete several secrets in a new version, from JSON or a .env file
    Bulk(bulk::Bulk),
}

/// Runs one of them.
pub(crate) async fn run(command: VersionsSecretCommand) -> Result<(), Failure> {
    match command {
        VersionsSecretCommand::Put(put) => put.run().await,
        VersionsSecretCommand::Delete(delete) => delete.run().await,
        VersionsSecretCommand::List(list) => list.run().await,
        VersionsSecretCommand::Bulk(bulk) => bulk.run().await,
    }
}

/// Flags of commands that make a version.
#[derive(Debug, Args)]
pub(crate) struct NewVersionFlags {
    /// What people say of the version
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// A short name of the version
    #[arg(long, value_name = "TEXT")]
    tag: Option<String>,
    /// Accepted, as the documents of older releases show it; it changes nothing
    #[arg(long, hide = true)]
    x_versions: bool,
    #[command(flatten)]
    pub(super) worker: WorkerFlags,
}

#[derive(Serialize)]
struct Patch<'a> {
    env: BTreeMap<&'a str, Option<SecretText<'a>>>,
    annotations: BTreeMap<&'static str, &'a str>,
}

/// The version that was made.
#[derive(Debug, Deserialize, Serialize)]
struct Made {
    id: VersionId,
    number: u32,
}

/// Makes a version in which these secrets are others, and says so.
async fn patch(
    worker: &Worker,
    flags: &NewVersionFlags,
    env: BTreeMap<&str, Option<SecretText<'_>>>,
    done: &str,
) -> Result<(), Failure> {
    let mut annotations =
        BTreeMap::from([("workers/message", flags.message.as_deref().unwrap_or(done))]);
    annotations.extend(flags.tag.as_deref().map(|tag| ("workers/tag", tag)));
    let body = Body::json(&Patch { env, annotations });
    let name = crate::api::segment(worker.name().as_str());
    let path = worker.workers_path(&format!("/workers/{name}/versions/latest"));
    let answer: Answer<Made> = worker
        .api()
        .write(Method::PATCH, &path, &[], body)
        .await
        .map_err(|error| worker.failure(error))?;
    let Made { id, number } = answer.result;
    if output::is_json() {
        output::json(&json!({ "worker": worker.name(), "version_id": id, "number": number }));
    } else {
        output::note(format_args!(
            "{done}, in version {number} ({id}) of Worker {}, which is not deployed yet\n\
             To deploy it: coffer versions deploy {id}",
            worker.name()
        ));
    }
    Ok(())
}
