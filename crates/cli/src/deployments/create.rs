//! Making a deployment.

use std::collections::BTreeMap;

use coffer_protocol::workers::{Deployment, STRATEGY};
use coffer_types::VersionId;
use coffer_types::deployment::Split;
use http::Method;
use serde::Serialize;

use crate::api::{Answer, ApiError, Body};
use crate::failure::Failure;
use crate::output::{self, prompt};
use crate::worker::Worker;

/// The code with which the API asks whether secrets that changed since may be taken back.
const SECRETS_CHANGED: u32 = 10220;

/// A deployment to be made.
#[derive(Debug, Serialize)]
pub(crate) struct NewDeployment {
    strategy: &'static str,
    versions: Split,
    annotations: BTreeMap<&'static str, String>,
}

impl NewDeployment {
    /// These shares, with what people say of them.
    pub(crate) fn new(versions: Split, message: Option<String>) -> Self {
        let message = message.map(|message| ("workers/message", message));
        Self {
            strategy: STRATEGY,
            versions,
            annotations: message.into_iter().collect(),
        }
    }

    /// All traffic to one version.
    pub(crate) fn whole(version_id: VersionId, message: Option<String>) -> Self {
        Self::new(Split::whole(version_id), message)
    }
}

/// Makes a deployment. Where the server says that secrets have changed since, it asks, unless that is answered already.
///
/// # Errors
/// What the server refuses; a conflict if secrets have changed and nobody says that it may be.
pub(crate) async fn create(
    worker: &Worker,
    new: &NewDeployment,
    agreed: bool,
) -> Result<Deployment, Failure> {
    let sent = send(worker, new, false).await;
    match sent {
        Err(error) if error.has_code(SECRETS_CHANGED) => {
            if !agreed {
                output::warning(&error);
                let question = "Secrets have changed since. Deploy all the same?";
                if !prompt::confirm(question, false, "add --yes to deploy all the same")? {
                    return Err(Failure::conflict("nothing was deployed"));
                }
            }
            send(worker, new, true).await
        }
        other => other,
    }
    .map_err(|error| worker.failure(error))
}

async fn send(worker: &Worker, new: &NewDeployment, force: bool) -> Result<Deployment, ApiError> {
    let path = worker.script_path("/deployments");
    let query: &[_] = if force { &[("force", "true")] } else { &[] };
    let answer: Answer<Deployment> = worker
        .api()
        .write(Method::POST, &path, query, Body::json(new))
        .await?;
    Ok(answer.result)
}
