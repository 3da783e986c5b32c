//! Secrets Store: the list of secrets, and what is done to them.

mod create;
mod delete;
mod duplicate;
mod edit;
mod graph;
mod import;
mod list;
mod place;
mod range;
mod show;
mod snippets;
mod store;
#[cfg(test)]
mod tests;
mod trail;

use axum::Router;
use axum::routing::get;
use coffer_types::Scope;

use crate::app::App;

/// Every scope, that of most secrets first.
const SCOPES: [Scope; 6] = [
    Scope::Workers,
    Scope::AiGateway,
    Scope::Access,
    Scope::Containers,
    Scope::Dex,
    Scope::Websearch,
];

/// The pages of this section.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/{account_id}/secrets-store", get(list::show))
        .route(
            "/{account_id}/secrets-store/create",
            get(create::show).post(create::create),
        )
        .route(
            "/{account_id}/secrets-store/import",
            get(import::show).post(import::import),
        )
        .route(
            "/{account_id}/secrets-store/secrets/{secret_id}",
            get(show::show),
        )
        .route(
            "/{account_id}/secrets-store/secrets/{secret_id}/duplicate",
            get(duplicate::show).post(duplicate::duplicate),
        )
        .route(
            "/{account_id}/secrets-store/secrets/{secret_id}/edit",
            get(edit::show).post(edit::edit),
        )
        .route(
            "/{account_id}/secrets-store/secrets/{secret_id}/delete",
            get(delete::show).post(delete::delete),
        )
}
