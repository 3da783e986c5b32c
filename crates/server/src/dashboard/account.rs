//! Account: its name and addresses, its limits, and how clients reach it.

mod name;
mod protection;
mod show;
mod subdomain;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

use super::shell::Shell;
use crate::app::App;

/// The page's place below the account.
const PLACE: &str = "settings";

/// The pages of this section.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/{account_id}/settings", get(show::show))
        .route(
            "/{account_id}/settings/name",
            get(name::show).post(name::edit),
        )
        .route(
            "/{account_id}/settings/subdomain",
            get(subdomain::show).post(subdomain::register),
        )
        .route(
            "/{account_id}/settings/protection",
            post(protection::change),
        )
}

/// Leads back to the page, which tells what was done.
fn done(shell: &Shell, word: &str) -> Response {
    Redirect::to(&format!("{}?done={word}", shell.place(PLACE))).into_response()
}
