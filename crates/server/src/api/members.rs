//! Members of accounts, the roles they can have, and invitations.

mod accept;
mod fields;
mod find;
mod invite;
mod list;
mod remove;
mod roles;
mod update;

use axum::http::Method;
use coffer_types::Permission;

use super::route::{Route, route};

/// The routes of this area.
pub(super) fn routes() -> Vec<Route> {
    const MEMBERS: &str = "/accounts/{account_id}/members";
    const MEMBER: &str = "/accounts/{account_id}/members/{member_id}";
    let view = Some(Permission::ViewMembers);
    let manage = Some(Permission::ManageAccount);
    vec![
        route(
            &Method::GET,
            "/accounts/{account_id}/roles",
            "List roles",
            view,
            roles::list,
        ),
        route(
            &Method::GET,
            "/accounts/{account_id}/roles/{role_id}",
            "Show a role",
            view,
            roles::find,
        ),
        route(&Method::GET, MEMBERS, "List members", view, list::list),
        route(
            &Method::POST,
            MEMBERS,
            "Invite a member",
            manage,
            invite::invite,
        ),
        route(&Method::GET, MEMBER, "Show a member", view, find::find),
        route(
            &Method::PUT,
            MEMBER,
            "Give a member roles",
            manage,
            update::update,
        ),
        route(
            &Method::DELETE,
            MEMBER,
            "Remove a member",
            manage,
            remove::remove,
        ),
        route(
            &Method::POST,
            "/user/coffer/invitations/accept",
            "Accept an invitation by its text",
            None,
            accept::accept,
        )
        .open(),
    ]
}
