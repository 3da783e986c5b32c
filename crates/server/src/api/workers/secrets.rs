//! Per-Worker secrets.

mod bulk;
mod delete;
mod list;
mod put;

use axum::http::Method;
use coffer_engine::{Error, Missing};
use coffer_types::{BindingName, Permission, WorkerName};
use serde::Deserialize;

use crate::api::route::{Route, route};

/// The secret of a path.
#[derive(Debug, Deserialize)]
struct SecretPath {
    script_name: String,
    secret_name: String,
}

impl SecretPath {
    /// The Worker's name; a text that is none names no Worker.
    fn script_name(&self) -> Result<WorkerName, Error> {
        self.script_name.parse().map_err(|_| Missing::Worker.into())
    }

    /// The secret's name, if it is one. The Worker is looked for first.
    fn secret_name(&self) -> Option<BindingName> {
        self.secret_name.parse().ok()
    }
}

pub(super) fn routes() -> Vec<Route> {
    const SECRETS: &str = "/accounts/{account_id}/workers/scripts/{script_name}/secrets";
    const SECRET: &str =
        "/accounts/{account_id}/workers/scripts/{script_name}/secrets/{secret_name}";
    const BULK: &str = "/accounts/{account_id}/workers/scripts/{script_name}/secrets-bulk";
    let view = Some(Permission::ViewWorkers);
    let deploy = Some(Permission::DeployWorkers);
    vec![
        route(
            &Method::GET,
            SECRETS,
            "List a Worker's secrets",
            view,
            list::list,
        ),
        route(
            &Method::PUT,
            SECRETS,
            "Set a Worker's secret",
            deploy,
            put::put,
        ),
        route(
            &Method::GET,
            SECRET,
            "Show a Worker's secret by name",
            view,
            list::find,
        ),
        route(
            &Method::DELETE,
            SECRET,
            "Delete a Worker's secret",
            deploy,
            delete::delete,
        ),
        route(
            &Method::PATCH,
            BULK,
            "Set and delete a Worker's secrets",
            deploy,
            bulk::bulk,
        ),
    ]
}
