//! Settings of a Worker, and of its newest version.

mod edit;
mod find;
mod script;
mod usage_model;

use axum::http::Method;
use coffer_engine::{EditSettings, Requires};
use coffer_types::Permission;

use crate::api::route::{Route, route};

pub(super) fn routes() -> Vec<Route> {
    const SETTINGS: &str = "/accounts/{account_id}/workers/scripts/{script_name}/settings";
    const SCRIPT: &str = "/accounts/{account_id}/workers/scripts/{script_name}/script-settings";
    const USAGE: &str = "/accounts/{account_id}/workers/scripts/{script_name}/usage-model";
    let view = Some(Permission::ViewWorkers);
    let deploy = Some(Permission::DeployWorkers);
    vec![
        route(
            &Method::GET,
            SETTINGS,
            "Show settings and bindings",
            view,
            find::find,
        ),
        // How much may be edited depends on which of these it is: see the engine.
        route(
            &Method::PATCH,
            SETTINGS,
            "Edit settings and bindings",
            view,
            edit::edit,
        )
        .and_any_of(EditSettings::AND_ANY_OF),
        route(
            &Method::GET,
            SCRIPT,
            "Show a Worker's settings",
            view,
            find::find_script,
        ),
        route(
            &Method::PATCH,
            SCRIPT,
            "Edit a Worker's settings",
            deploy,
            script::edit,
        ),
        route(
            &Method::GET,
            USAGE,
            "Show a Worker's usage model",
            view,
            usage_model::find,
        ),
        route(
            &Method::PUT,
            USAGE,
            "Set a Worker's usage model",
            deploy,
            usage_model::replace,
        ),
    ]
}
