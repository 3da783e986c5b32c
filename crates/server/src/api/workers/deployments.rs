//! Deployments of a Worker.

mod create;
mod delete;
mod find;
mod list;

use axum::http::Method;
use coffer_types::Permission;

use crate::api::route::{Route, route};

pub(super) fn routes() -> Vec<Route> {
    const DEPLOYMENTS: &str = "/accounts/{account_id}/workers/scripts/{script_name}/deployments";
    const DEPLOYMENT: &str =
        "/accounts/{account_id}/workers/scripts/{script_name}/deployments/{deployment_id}";
    let view = Some(Permission::ViewWorkers);
    let deploy = Some(Permission::DeployWorkers);
    vec![
        route(
            &Method::GET,
            DEPLOYMENTS,
            "List deployments",
            view,
            list::list,
        ),
        route(
            &Method::POST,
            DEPLOYMENTS,
            "Deploy versions",
            deploy,
            create::create,
        ),
        route(
            &Method::GET,
            DEPLOYMENT,
            "Show a deployment",
            view,
            find::find,
        ),
        route(
            &Method::DELETE,
            DEPLOYMENT,
            "Delete an earlier deployment",
            deploy,
            delete::delete,
        ),
    ]
}
