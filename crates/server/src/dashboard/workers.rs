//! Workers & Pages: the list, and each Worker with its deployments, settings and logs.

mod bind;
mod binding_line;
mod delete;
mod deploy;
mod deployments;
pub(super) mod edit;
mod head;
mod import;
mod list;
mod logs;
mod overview;
mod remove;
mod settings;
#[cfg(test)]
mod tests;
pub(super) mod traffic;
pub(super) mod variable_form;
mod variables;
mod version;
mod version_line;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

/// The pages of this section.
pub(super) fn routes() -> Router<App> {
    const WORKER: &str = "/{account_id}/workers/{worker}";
    let below = |page: &str| format!("{WORKER}/{page}");
    Router::new()
        .route("/{account_id}/workers", get(list::show))
        .route(WORKER, get(overview::show))
        .route(&below("logs"), get(logs::show))
        .route(&below("logs/stream"), post(logs::follow))
        .route(&below("deployments"), get(deployments::show))
        .route(&below("versions/{version}"), get(version::show))
        .route(&below("deploy"), get(deploy::show).post(deploy::deploy))
        .route(&below("settings"), get(settings::show))
        .route(
            &below("settings/variables"),
            get(variables::show).post(variables::save),
        )
        .route(
            &below("settings/import"),
            get(import::show).post(import::import),
        )
        .route(
            &below("settings/encrypt"),
            get(remove::show_encrypt).post(remove::encrypt),
        )
        .route(
            &below("settings/remove"),
            get(remove::show).post(remove::remove),
        )
        .route(
            &below("settings/bindings"),
            get(bind::show).post(bind::bind),
        )
        .route(&below("delete"), get(delete::show).post(delete::delete))
}
