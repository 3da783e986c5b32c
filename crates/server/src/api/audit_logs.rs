//! The audit log, in both versions of its API.

mod categories;
mod csv;
mod export;
mod fields;
mod first_version;
mod history;
mod list;
#[cfg(test)]
mod testing;

pub(crate) use export::response as csv_of_audit_logs;

use axum::http::Method;
use coffer_types::Permission;

use super::route::{Route, route};

/// The routes of this area.
pub(super) fn routes() -> Vec<Route> {
    let view = Some(Permission::ViewAudit);
    vec![
        route(
            &Method::GET,
            "/accounts/{account_id}/audit_logs",
            "List or export audit events of the account (version 1)",
            view,
            first_version::of_account,
        ),
        route(
            &Method::GET,
            "/user/audit_logs",
            "List or export audit events of the user who asks (version 1)",
            Some(Permission::ViewUser),
            first_version::of_user,
        ),
        route(
            &Method::GET,
            "/accounts/{account_id}/logs/audit",
            "List audit events of the account (version 2)",
            view,
            list::list,
        ),
        route(
            &Method::GET,
            "/accounts/{account_id}/logs/audit/{id}/history",
            "List audit events about the same thing as an event",
            view,
            history::list,
        ),
        route(
            &Method::GET,
            "/accounts/{account_id}/logs/audit/product_categories",
            "List the categories of products in audit events",
            view,
            categories::list,
        ),
    ]
}
