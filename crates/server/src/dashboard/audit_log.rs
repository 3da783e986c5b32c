//! Audit log: who did what, narrowed, followed, downloaded, and one event in full.

mod asked;
mod details;
mod event;
mod export;
mod integrity;
mod list;
mod sentence;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::get;

use crate::app::App;

/// The pages of this section.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/{account_id}/audit-log", get(list::show))
        .route("/{account_id}/audit-log/integrity", get(integrity::show))
        .route("/{account_id}/audit-log/export.csv", get(export::csv))
        .route("/{account_id}/audit-log/export.ndjson", get(export::ndjson))
        .route("/{account_id}/audit-log/{event_id}", get(event::show))
}
