//! Projects, with the variables and secrets of their environments.

mod create;
mod delete;
mod edit;
mod find;
mod list;
#[cfg(test)]
mod tests;

use axum::http::Method;
use coffer_protocol::pages::Project;
use coffer_types::Permission;

use crate::api::pages::deployments;
use crate::api::route::{Route, route};
use crate::app::App;

pub(super) fn routes() -> Vec<Route> {
    const PROJECTS: &str = "/accounts/{account_id}/pages/projects";
    const PROJECT: &str = "/accounts/{account_id}/pages/projects/{project_name}";
    let view = Some(Permission::ViewPages);
    let deploy = Some(Permission::DeployPages);
    vec![
        route(
            &Method::GET,
            PROJECTS,
            "List Pages projects",
            view,
            list::list,
        ),
        route(
            &Method::POST,
            PROJECTS,
            "Create a Pages project",
            deploy,
            create::create,
        ),
        route(
            &Method::GET,
            PROJECT,
            "Show a Pages project",
            view,
            find::find,
        ),
        route(
            &Method::PATCH,
            PROJECT,
            "Edit a Pages project, its variables and its secrets",
            deploy,
            edit::edit,
        ),
        route(
            &Method::DELETE,
            PROJECT,
            "Delete a Pages project",
            deploy,
            delete::delete,
        ),
    ]
}

/// The project with its whole host name, and its deployments with their addresses.
fn completed(app: &App, mut project: Project) -> Project {
    for deployment in [
        &mut project.latest_deployment,
        &mut project.canonical_deployment,
    ] {
        let complete = |found: Box<_>| Box::new(deployments::completed(app, *found));
        *deployment = deployment.take().map(complete);
    }
    let address = app
        .workers_url
        .with_label(&format!("{}.pages", project.subdomain));
    let host = address.split_once("://").map(|(_, host)| host.to_owned());
    project.subdomain = host.unwrap_or(address);
    project.domains = vec![project.subdomain.clone()];
    project
}
