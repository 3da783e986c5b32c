//! What happens around every request: its id, its log line, its figures, and an answer after a panic.

use std::any::Any;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderValue, Method};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing};
use coffer_types::RequestId;
use futures::FutureExt;

use crate::api::{ApiError, fallback, method_not_allowed};
use crate::app::App;
use crate::metrics::RequestLabels;

/// The peer of a request's connection, and the request's id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) id: RequestId,
    pub(crate) peer: Option<SocketAddr>,
}

/// Puts around a router what every request needs.
pub(crate) fn wrap(router: Router<App>, app: App) -> Router {
    router
        .fallback(fallback)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(app.clone(), around))
        .with_state(app)
        .route(
            "/favicon.ico",
            routing::get(async || axum::http::StatusCode::NO_CONTENT),
        )
}

async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    #[allow(
        clippy::disallowed_methods,
        reason = "elapsed time only; no decision depends on it"
    )]
    let started = Instant::now();
    let id = RequestId::random(app.engine.random());
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0);
    request.extensions_mut().insert(Arrival { id, peer });
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| Arc::<str>::from(path.as_str()));
    let route = route.unwrap_or_else(|| Arc::from(""));

    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|panic| after_panic(id, panic.as_ref()));

    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert("cf-ray", value);
    }
    // Reads that went well are many and tell little.
    if method == Method::GET && status < 400 {
        tracing::debug!(request_id = %id, %method, %route, status, elapsed_us = elapsed.as_micros(), "answered");
    } else {
        tracing::info!(request_id = %id, %method, %route, status, elapsed_us = elapsed.as_micros(), "answered");
    }
    app.metrics.observe(
        &RequestLabels {
            method: method_label(&method),
            route,
            status,
        },
        elapsed,
    );
    response
}

/// The panic's text may hold anything, so it is neither logged nor answered; its place was logged by the
/// panic hook.
fn after_panic(id: RequestId, _panic: &(dyn Any + Send)) -> Response {
    tracing::error!(request_id = %id, "a handler panicked");
    ApiError::Engine(coffer_engine::Error::Internal(
        "a handler panicked".to_owned(),
    ))
    .into_response()
}

fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}
