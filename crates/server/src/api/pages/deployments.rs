//! Deployments of projects.

mod create;
mod delete;
mod find;
mod list;
mod logs;
mod rollback;
#[cfg(test)]
mod tests;

use axum::http::Method;
use coffer_engine::{Error, Missing};
use coffer_protocol::pages::Deployment;
use coffer_types::{PagesProjectName, Permission, VersionId};
use serde::Deserialize;

use crate::api::pages::fields::project_name;
use crate::api::route::{Route, route};
use crate::app::App;

pub(super) fn routes() -> Vec<Route> {
    const DEPLOYMENTS: &str = "/accounts/{account_id}/pages/projects/{project_name}/deployments";
    const DEPLOYMENT: &str =
        "/accounts/{account_id}/pages/projects/{project_name}/deployments/{deployment_id}";
    const LOGS: &str = "/accounts/{account_id}/pages/projects/{project_name}/deployments/{deployment_id}/history/logs";
    const ROLLBACK: &str =
        "/accounts/{account_id}/pages/projects/{project_name}/deployments/{deployment_id}/rollback";
    let view = Some(Permission::ViewPages);
    let deploy = Some(Permission::DeployPages);
    vec![
        route(
            &Method::GET,
            DEPLOYMENTS,
            "List deployments of a Pages project",
            view,
            list::list,
        ),
        route(
            &Method::POST,
            DEPLOYMENTS,
            "Deploy to a Pages project",
            deploy,
            create::create,
        ),
        route(
            &Method::GET,
            DEPLOYMENT,
            "Show a deployment of a Pages project",
            view,
            find::find,
        ),
        route(
            &Method::DELETE,
            DEPLOYMENT,
            "Delete a deployment of a Pages project",
            deploy,
            delete::delete,
        ),
        route(
            &Method::GET,
            LOGS,
            "Read the build log of a Pages deployment",
            view,
            logs::logs,
        ),
        route(
            &Method::POST,
            ROLLBACK,
            "Roll a Pages project back to a deployment",
            deploy,
            rollback::roll_back,
        ),
    ]
}

/// The deployment of a path.
#[derive(Debug, Deserialize)]
pub(super) struct DeploymentPath {
    project_name: String,
    deployment_id: String,
}

impl DeploymentPath {
    /// The project's name and the deployment's id. A text that is none names nothing; an unknown project is told
    /// before that, by who looks for it.
    pub(super) fn parse(&self) -> Result<(PagesProjectName, Option<VersionId>), Error> {
        Ok((
            project_name(&self.project_name)?,
            self.deployment_id.parse().ok(),
        ))
    }
}

/// The deployment's id, if the text of the path was one; `known` finds that the project is there otherwise.
pub(super) async fn id_of(
    id: Option<VersionId>,
    known: impl Future<Output = Result<(), Error>>,
) -> Result<VersionId, Error> {
    match id {
        Some(id) => Ok(id),
        None => {
            known.await?;
            Err(Missing::PagesDeployment.into())
        }
    }
}

/// The deployment with its whole addresses.
pub(super) fn completed(app: &App, mut deployment: Deployment) -> Deployment {
    let url = app.workers_url.with_label(&deployment.url);
    deployment.url = url;
    for alias in deployment.aliases.iter_mut().flatten() {
        *alias = app.workers_url.with_label(alias);
    }
    deployment
}
