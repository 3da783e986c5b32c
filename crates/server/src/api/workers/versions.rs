//! Versions of a Worker.

mod create;
mod find;
#[cfg(test)]
mod kept;
mod list;
mod patch;

use axum::http::Method;
use coffer_engine::{EditSettings, Requires};
use coffer_types::Permission;

use crate::api::route::{Route, route};

pub(super) fn routes() -> Vec<Route> {
    const VERSIONS: &str = "/accounts/{account_id}/workers/scripts/{script_name}/versions";
    const VERSION: &str =
        "/accounts/{account_id}/workers/scripts/{script_name}/versions/{version_id}";
    const LATEST: &str = "/accounts/{account_id}/workers/workers/{worker_id}/versions/latest";
    let view = Some(Permission::ViewWorkers);
    vec![
        route(&Method::GET, VERSIONS, "List versions", view, list::list),
        // Who may only bind secrets of a store may make versions that change only bindings to these.
        route(
            &Method::POST,
            VERSIONS,
            "Upload a version",
            view,
            create::create,
        )
        .and_any_of(EditSettings::AND_ANY_OF),
        route(&Method::GET, VERSION, "Show a version", view, find::find),
        route(
            &Method::PATCH,
            LATEST,
            "Derive a version from the latest",
            view,
            patch::patch,
        )
        .and_any_of(EditSettings::AND_ANY_OF),
    ]
}
