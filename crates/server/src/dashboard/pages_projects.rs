//! Pages projects: their deployments, and the variables and secrets of production and of previews.

mod confirm;
mod head;
mod import;
mod overview;
mod settings;
#[cfg(test)]
mod tests;
mod variables;

use axum::Router;
use axum::routing::get;

use crate::app::App;

/// The pages of this section.
pub(super) fn routes() -> Router<App> {
    const PROJECT: &str = "/{account_id}/pages/{project}";
    let below = |page: &str| format!("{PROJECT}/{page}");
    Router::new()
        .route(PROJECT, get(overview::show))
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
            &below("settings/remove"),
            get(confirm::show_remove).post(confirm::remove),
        )
        .route(
            &below("rollback"),
            get(confirm::show_rollback).post(confirm::roll_back),
        )
        .route(
            &below("delete"),
            get(confirm::show_delete).post(confirm::delete),
        )
}
