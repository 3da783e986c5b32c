//! Tails: following a Worker's logs. The WebSocket behind a tail's address is [`crate::tails`].

mod create;
mod delete;
mod list;

use axum::http::Method;
use coffer_types::Permission;

use crate::api::route::{Route, route};

/// The routes of this area.
pub(super) fn routes() -> Vec<Route> {
    const TAILS: &str = "/accounts/{account_id}/workers/scripts/{script_name}/tails";
    const TAIL: &str = "/accounts/{account_id}/workers/scripts/{script_name}/tails/{id}";
    let tail = Some(Permission::TailWorkers);
    vec![
        route(
            &Method::GET,
            TAILS,
            "List a Worker's tails",
            tail,
            list::list,
        ),
        route(
            &Method::POST,
            TAILS,
            "Start a tail of a Worker",
            tail,
            create::create,
        ),
        route(&Method::DELETE, TAIL, "End a tail", tail, delete::delete),
    ]
}
