//! The HTTP API: v4 wire shapes over the engine.
//!
//! Knows axum, the v4 envelope and its error codes. Must never know SQL or how to open a sealed value: it
//! may depend on neither the store nor the envelope crate.
//!
//! To add an operation: a file named by its verb in the folder of its noun under `api/`, with the request's
//! shape, the handler and its tests, and a line in that area's table of routes. The table feeds the router,
//! the list of what is served and the answers for what is not.

mod api;
mod app;
mod attempt_metrics;
mod client_address;
mod dashboard;
mod health;
mod in_process;
mod metrics;
mod operator;
mod request;
mod serve;
mod strict_transport;
mod tails;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod upload_room;

pub use api::{RouteInfo, route_table};
pub use app::{App, Readiness};
pub use in_process::{InProcess, for_socket};
pub use operator::{
    Door, DoorError, OperatorAnswer, OperatorApp, OperatorSocket, SocketError, operator_router,
    operator_socket_path,
};
pub use serve::{Listening, ServeLimits, serve};

use axum::Router;

/// The whole of what the API listener answers.
pub fn router(app: App) -> Router {
    let router = Router::new()
        .merge(health::routes())
        .merge(api::router())
        .merge(dashboard::routes())
        .merge(tails::routes());
    request::wrap(router, app)
}
