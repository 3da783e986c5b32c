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
            &Method::PUT,
            "/accounts/{account_id}",
            "Rename an account",
            Some(Permission::ManageAccount),
            accounts::edit,
        ),
        route(
            &Method::PATCH,
            "/user",
            "Edit the user who asks",
            Some(Permission::ManageUser),
            user::edit,
        ),
        route(
            &Method::GET,
            "/memberships/{membership_id}",
            "Show a membership of the user who asks",
            Some(Permission::ViewMemberships),
            memberships::find,
        ),
        route(
            &Method::PUT,
            "/memberships/{membership_id}",
            "Accept or refuse an invitation",
            Some(Permission::ManageMemberships),
            memberships::answer,
        ),
        route(
            &Method::DELETE,
            "/memberships/{membership_id}",
            "Leave an account",
            Some(Permission::ManageMemberships),
            memberships::leave,
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
