//! Whether the server lives, is ready, and how it fares.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::app::App;

/// The routes of this file; they need no credentials and tell nothing of any account.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

async fn ready(State(app): State<App>) -> (StatusCode, String) {
    if let Some(what) = app.readiness.waiting_for() {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("waiting for {what}\n"),
        );
    }
    match app.engine.check_ready().await {
        // Whoever can damage the log must not stop the service by it; it is told of all the same.
        Ok(()) if app.engine.audit_log().damage.is_some() => (
            StatusCode::OK,
            "ready\naudit log damaged: run `coffer audit verify`\n".to_owned(),
        ),
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "waiting for the database\n".to_owned(),
            )
        }
    }
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let text = app.metrics.text(
        app.engine.write_counts(),
        &app.engine.audit_log(),
        app.engine.attempts(),
        &app.readiness.metrics(),
    );
    (
        [(
            header::CONTENT_TYPE,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        )],
        text,
    )
}
