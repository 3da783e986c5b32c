//! Sessions, and the password and the global API key, which only a password gives.

mod create;
mod end;
mod global_key;
mod list;
mod password;
#[cfg(test)]
mod tests;

use axum::http::Method;
use coffer_types::Permission;

use super::route::{Route, route};

/// The routes of this area.
pub(super) fn routes() -> Vec<Route> {
    let (view, manage) = (Some(Permission::ViewUser), Some(Permission::ManageUser));
    vec![
        route(
            &Method::POST,
            "/user/coffer/sessions",
            "Sign in with e-mail address and password",
            None,
            create::create,
        )
        .open(),
        route(
            &Method::GET,
            "/user/coffer/sessions",
            "List the user's sessions",
            view,
            list::list,
        ),
        route(
            &Method::DELETE,
            "/user/coffer/sessions",
            "Sign out everywhere",
            manage,
            end::end_all,
        ),
        route(
            &Method::DELETE,
            "/user/coffer/sessions/{session_id}",
            "End a session",
            manage,
            end::end,
        ),
        route(
            &Method::PUT,
            "/user/coffer/password",
            "Change the user's password",
            manage,
            password::change,
        ),
        route(
            &Method::PUT,
            "/user/coffer/global_key",
            "Enable or disable the global API key",
            manage,
            global_key::enable,
        ),
        route(
            &Method::POST,
            "/user/coffer/global_key/view",
            "Show the global API key",
            manage,
            global_key::view,
        ),
        route(
            &Method::POST,
            "/user/coffer/global_key/roll",
            "Replace the global API key",
            manage,
            global_key::roll,
        ),
    ]
}
