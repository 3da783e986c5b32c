//! Workers as scripts and services.

mod content;
mod delete;
mod list;
mod replace;
mod search;
mod service;
mod upload;

use axum::http::Method;
use coffer_engine::{EditSettings, Requires};
use coffer_types::Permission;

use crate::api::route::{Route, route};

pub(super) fn routes() -> Vec<Route> {
    const SCRIPTS: &str = "/accounts/{account_id}/workers/scripts";
    const SCRIPT: &str = "/accounts/{account_id}/workers/scripts/{script_name}";
    const CODE: &str = "/accounts/{account_id}/workers/scripts/{script_name}/content";
    const CONTENT: &str = "/accounts/{account_id}/workers/scripts/{script_name}/content/v2";
    const SEARCH: &str = "/accounts/{account_id}/workers/scripts-search";
    const SERVICE: &str = "/accounts/{account_id}/workers/services/{script_name}";
    let view = Some(Permission::ViewWorkers);
    let deploy = Some(Permission::DeployWorkers);
    vec![
        route(&Method::GET, SCRIPTS, "List Workers", view, list::list),
        route(
            &Method::GET,
            SCRIPT,
            "Show a Worker's code",
            view,
            content::find,
        ),
        // Who may only bind secrets of a store may upload what is there with other bindings to these.
        route(
            &Method::PUT,
            SCRIPT,
            "Upload and deploy a Worker",
            view,
            upload::upload,
        )
        .and_any_of(EditSettings::AND_ANY_OF),
        route(
            &Method::DELETE,
            SCRIPT,
            "Delete a Worker",
            deploy,
            delete::delete,
        ),
        route(
            &Method::GET,
            CONTENT,
            "Show a Worker's code",
            view,
            content::find,
        ),
        route(
            &Method::PUT,
            CODE,
            "Replace a Worker's code",
            deploy,
            replace::replace,
        ),
        route(&Method::GET, SEARCH, "Search Workers", view, search::search),
        route(&Method::GET, SERVICE, "Show a Worker", view, service::find),
        route(
            &Method::DELETE,
            SERVICE,
            "Delete a Worker",
            deploy,
            delete::delete_service,
        ),
    ]
}
