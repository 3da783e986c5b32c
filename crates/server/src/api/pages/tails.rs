//! Tails of deployments. The WebSocket behind a tail's address is [`crate::tails`].

mod create;
mod delete;

use axum::http::Method;
use coffer_engine::{Error, Missing};
use coffer_types::{PagesProjectName, Permission};
use serde::Deserialize;

use crate::api::route::{Route, route};

/// The routes of this area. Whoever may deploy can see what it does; whoever only looks on cannot, since a tail
/// tells of visitors.
pub(super) fn routes() -> Vec<Route> {
    const TAILS: &str =
        "/accounts/{account_id}/pages/projects/{project_name}/deployments/{deployment_id}/tails";
    const TAIL: &str = "/accounts/{account_id}/pages/projects/{project_name}/deployments/{deployment_id}/tails/{tail_id}";
    let deploy = Some(Permission::DeployPages);
    vec![
        route(
            &Method::POST,
            TAILS,
            "Start a tail of a Pages deployment",
            deploy,
            create::create,
        ),
        route(
            &Method::DELETE,
            TAIL,
            "End a tail of a Pages deployment",
            deploy,
            delete::delete,
        ),
    ]
}

/// The deployment of a path.
#[derive(Debug, Deserialize)]
struct DeploymentPath {
    project_name: String,
    deployment_id: String,
}

/// The project of a path; a text that is no name names none.
fn project_name(text: &str) -> Result<PagesProjectName, Error> {
    text.parse().map_err(|_| Missing::PagesProject.into())
}
