//! Who asks, and in which accounts.

mod accounts;
mod memberships;
mod user;
mod verify;

use axum::http::Method;
use coffer_types::Permission;

use super::route::{Route, route};

/// The routes of this area.
pub(super) fn routes() -> Vec<Route> {
    let view = Some(Permission::ViewAccount);
    vec![
        route(
            &Method::GET,
            "/user",
            "Show the user who asks",
            Some(Permission::ViewUser),
            user::find,
        ),
        route(
            &Method::GET,
            "/user/tokens/verify",
            "Check the user's token that asks",
            None,
            verify::user_token,
        ),
        route(
            &Method::GET,
            "/accounts/{account_id}/tokens/verify",
            "Check the account's token that asks",
            None,
            verify::account_token,
        ),
        route(
            &Method::GET,
            "/accounts",
            "List the accounts of the actor",
            None,
            accounts::list,
        ),
        route(
            &Method::GET,
            "/accounts/{account_id}",
            "Show an account",
            view,
            accounts::find,
        ),
        route(
            &Method::GET,
            "/memberships",
            "List the memberships of the user who asks",
            Some(Permission::ViewMemberships),
            memberships::list,
        ),
    ]
}
