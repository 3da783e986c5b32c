//! Devices that sign in: the flow of RFC 8628, in the API's envelope.

mod ask;
mod end;
mod poll;
#[cfg(test)]
mod tests;

use axum::http::Method;

use super::route::{Route, route};

/// The routes of this area.
pub(super) fn routes() -> Vec<Route> {
    vec![
        route(
            &Method::POST,
            "/user/coffer/device_logins",
            "Ask for a code with which a device signs in",
            None,
            ask::ask,
        )
        .open(),
        route(
            &Method::POST,
            "/user/coffer/device_logins/token",
            "Ask whether the device is signed in",
            None,
            poll::poll,
        )
        .open(),
        route(
            &Method::DELETE,
            "/user/coffer/device_logins/token",
            "Remove the user's token that asks",
            None,
            end::end,
        ),
    ]
}
