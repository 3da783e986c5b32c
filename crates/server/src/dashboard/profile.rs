//! Profile: what belongs to the user who is signed in, whatever the account.

mod confirm;
mod device;
mod global_key;
mod memberships;
mod name;
mod passkeys;
#[cfg(test)]
mod passkeys_tests;
mod password;
mod qr;
mod second_factor;
#[cfg(test)]
mod second_factor_tests;
mod sessions;
mod show;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::app::App;

/// The page.
pub(super) const PATH: &str = "/profile";

/// The pages of this section.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(PATH, get(show::show))
        .route("/profile/name", get(name::show).post(name::edit))
        .route(
            "/profile/password",
            get(password::show).post(password::change),
        )
        .route(
            "/profile/sessions/end",
            get(sessions::ask_all).post(sessions::end_all),
        )
        .route(
            "/profile/sessions/{session_id}/end",
            get(sessions::ask).post(sessions::end),
        )
        .route(
            "/profile/global-key/{task}",
            get(global_key::ask).post(global_key::perform),
        )
        .route(passkeys::ADD, get(passkeys::ask).post(passkeys::begin))
        .route(
            passkeys::CREATE,
            get(passkeys::begin_again).post(passkeys::create),
        )
        .route(
            "/profile/passkeys/{passkey_id}/name",
            get(passkeys::ask_name).post(passkeys::rename),
        )
        .route(
            "/profile/passkeys/{passkey_id}/remove",
            get(passkeys::ask_removal).post(passkeys::remove),
        )
        .route(
            "/profile/second-factor/confirm",
            get(second_factor::begin_again).post(second_factor::confirm),
        )
        .route(
            "/profile/second-factor/{task}",
            get(second_factor::ask).post(second_factor::perform),
        )
        .route(
            "/profile/memberships/{membership_id}/leave",
            get(memberships::ask).post(memberships::leave),
        )
}

/// Leads back to the page, which tells what was done.
fn done(word: &str) -> Response {
    Redirect::to(&format!("{PATH}?done={word}")).into_response()
}
