//! Versions of a Worker.

mod create;
mod find;
mod list;
mod patch;

use axum::http::Method;
use coffer_types::Permission;

use crate::api::route::{Route, route};

pub(super) fn routes() -> Vec<Route> {
    const VERSIONS: &str = "/accounts/{account_id}/workers/scripts/{script_name}/versions";
    const VERSION: &str =
        "/accounts/{account_id}/workers/scripts/{script_name}/versions/{version_id}";
    const LATEST: &str = "/accounts/{account_id}/workers/workers/{worker_id}/versions/latest";
    let view = Some(Permission::ViewWorkers);
    let deploy = Some(Permission::DeployWorkers);
    vec![
        route(&Method::GET, VERSIONS, "List versions", view, list::list),
        route(
            &Method::POST,
            VERSIONS,
            "Upload a version",
            deploy,
            create::create,
        ),
        route(&Method::GET, VERSION, "Show a version", view, find::find),
        route(
            &Method::PATCH,
            LATEST,
            "Derive a version from the latest",
            deploy,
            patch::patch,
        ),
    ]
}
