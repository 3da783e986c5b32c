//! Secrets Store: the list of secrets, and what is done to them.

mod create;
mod list;
mod store;

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
}
