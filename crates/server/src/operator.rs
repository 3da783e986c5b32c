//! The operator's socket: what the owner of the data directory does, where no call of the API does it.
//!
//! Plain JSON over HTTP on a unix socket in the data directory, whose files nobody else can reach; the kernel tells who
//! connects, and only the server's own user and root are let in. A command on a directory that nobody serves asks the
//! same routes without a socket ([`Door::Here`]).
//!
//! To add an operation: a handler in the file of its noun, which takes the [`OperatorApp`] and an [`Asked`] body and
//! gives a [`Told`], a line in [`routes`], and its shapes in `coffer_protocol::operator`.

mod accounts;
mod answer;
mod door;
mod keys;
mod socket;
#[cfg(test)]
mod tests;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use coffer_engine::Operator;
use coffer_protocol::operator::{Health, Status};

pub use door::{Door, DoorError, OperatorAnswer};
pub use socket::{OperatorSocket, SocketError, operator_socket_path};

use answer::{Told, refused};

use crate::app::Readiness;

/// What the operator's handlers have at hand. Cheap to clone.
#[derive(Clone)]
pub struct OperatorApp {
    pub(crate) operator: Operator,
    pub(crate) readiness: Option<Arc<dyn Readiness>>,
    /// Where people reach the API, without a slash at the end, for the links that it makes.
    pub(crate) public_url: String,
}

impl std::fmt::Debug for OperatorApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OperatorApp")
    }
}

impl OperatorApp {
    /// What the operator asks of an installation whose API is reached at `public_url`; `readiness` is that of the server
    /// that runs, if one does.
    pub fn new(
        operator: Operator,
        public_url: &str,
        readiness: Option<Arc<dyn Readiness>>,
    ) -> Self {
        Self {
            operator,
            readiness,
            public_url: public_url.trim_end_matches('/').to_owned(),
        }
    }
}

/// All that the operator can ask for.
fn routes() -> Router<OperatorApp> {
    Router::new()
        .route("/status", get(status))
        .route("/health", get(health))
        .route("/accounts", get(accounts::list).post(accounts::create))
        .route("/accounts/rename", post(accounts::rename))
        .route("/accounts/limits", post(accounts::change_limits))
        .route("/keys", get(keys::status))
        .route("/keys/root/rotate", post(keys::rotate_root))
        .route("/keys/master/rotate", post(keys::rotate_master))
        .route("/keys/account/rotate", post(keys::rotate_account))
        .route("/keys/account/reseal", post(keys::reseal))
        .route("/users", get(users::list).post(users::create))
        .route("/users/password", post(users::set_password))
        .route(
            "/users/second-factor/remove",
            post(users::remove_second_factor),
        )
}

/// What answers the operator.
pub fn operator_router(app: OperatorApp) -> Router {
    routes()
        .fallback(async || {
            refused(
                StatusCode::NOT_FOUND,
                "the server does not know this operation: is it as new as the command?",
            )
        })
        .method_not_allowed_fallback(async || {
            refused(
                StatusCode::METHOD_NOT_ALLOWED,
                "the server does not know this operation: is it as new as the command?",
            )
        })
        .with_state(app)
}

async fn health(State(app): State<OperatorApp>) -> Told<Health> {
    app.operator.health().await.into()
}

async fn status(State(app): State<OperatorApp>) -> Told<Status> {
    Told::Ok(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        public_url: app.public_url.clone(),
        waiting_for: app.readiness.and_then(|parts| parts.waiting_for()),
        audit_log_damaged: app.operator.installation().log_head().damage.is_some(),
    })
}
