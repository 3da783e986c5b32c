//! API tokens, of users and of accounts, and the permission groups that they can have.

mod account_groups;
mod create;
mod delete;
mod fields;
mod find;
mod groups;
mod list;
mod roll;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod update;

pub(crate) use fields::settings as token_settings;

use axum::http::Method;
use coffer_types::Permission;

use super::route::{Route, route};

/// The routes of this area.
pub(super) fn routes() -> Vec<Route> {
    let mut routes = routes_of_user();
    routes.extend(routes_of_account());
    routes
}

fn routes_of_user() -> Vec<Route> {
    const TOKENS: &str = "/user/tokens";
    const TOKEN: &str = "/user/tokens/{token_id}";
    let view = Some(Permission::ViewUserTokens);
    let manage = Some(Permission::ManageUserTokens);
    vec![
        route(
            &Method::GET,
            TOKENS,
            "List the user's tokens",
            view,
            list::of_user,
        ),
        route(
            &Method::POST,
            TOKENS,
            "Create a token of the user",
            manage,
            create::of_user,
        ),
        route(
            &Method::GET,
            "/user/tokens/permission_groups",
            "List what the user's tokens can be granted",
            view,
            groups::of_user,
        ),
        route(
            &Method::GET,
            TOKEN,
            "Show a token of the user",
            view,
            find::of_user,
        ),
        route(
            &Method::PUT,
            TOKEN,
            "Change a token of the user",
            manage,
            update::of_user,
        ),
        route(
            &Method::DELETE,
            TOKEN,
            "Delete a token of the user",
            manage,
            delete::of_user,
        ),
        route(
            &Method::PUT,
            "/user/tokens/{token_id}/value",
            "Roll a token of the user",
            manage,
            roll::of_user,
        ),
    ]
}

fn routes_of_account() -> Vec<Route> {
    const TOKENS: &str = "/accounts/{account_id}/tokens";
    const TOKEN: &str = "/accounts/{account_id}/tokens/{token_id}";
    const GROUPS: &str = "/accounts/{account_id}/iam/permission_groups";
    let view = Some(Permission::ViewTokens);
    let manage = Some(Permission::ManageTokens);
    vec![
        route(
            &Method::GET,
            TOKENS,
            "List the account's own tokens",
            view,
            list::of_account,
        ),
        route(
            &Method::POST,
            TOKENS,
            "Create a token of the account",
            manage,
            create::of_account,
        ),
        route(
            &Method::GET,
            "/accounts/{account_id}/tokens/permission_groups",
            "List what the account's own tokens can be granted",
            view,
            groups::of_account,
        ),
        route(
            &Method::GET,
            TOKEN,
            "Show a token of the account",
            view,
            find::of_account,
        ),
        route(
            &Method::PUT,
            TOKEN,
            "Change a token of the account",
            manage,
            update::of_account,
        ),
        route(
            &Method::DELETE,
            TOKEN,
            "Delete a token of the account",
            manage,
            delete::of_account,
        ),
        route(
            &Method::PUT,
            "/accounts/{account_id}/tokens/{token_id}/value",
            "Roll a token of the account",
            manage,
            roll::of_account,
        ),
        route(
            &Method::GET,
            GROUPS,
            "List permission groups about accounts",
            Some(Permission::ViewAccount),
            account_groups::list,
        ),
        route(
            &Method::GET,
            "/accounts/{account_id}/iam/permission_groups/{permission_group_id}",
            "Show a permission group about accounts",
            Some(Permission::ViewAccount),
            account_groups::find,
        ),
    ]
}
