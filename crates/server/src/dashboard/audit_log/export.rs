//! The list as a file, sent as it is read.

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use coffer_engine::ViewAudit;
use futures::TryStreamExt;

use super::asked::{Asked, Parameters};
use crate::api::csv_of_audit_logs;
use crate::app::App;
use crate::dashboard::visit::{Visit, refused_in};

/// As the first version of the API exports it, for spreadsheets.
pub(super) async fn csv(
    State(app): State<App>,
    Visit { permit, shell }: Visit<ViewAudit>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let asked = Asked::new(parameters, String::new());
    let query = asked.query(app.engine.now(), 0);
    match app.engine.found_audit_logs_v1(&permit, query) {
        Ok(batches) => csv_of_audit_logs(batches),
        Err(error) => refused_in(shell, &error),
    }
}

/// A line of JSON for each event, as the second version of the API tells it.
pub(super) async fn ndjson(
    State(app): State<App>,
    Visit { permit, shell }: Visit<ViewAudit>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let asked = Asked::new(parameters, String::new());
    let query = asked.query(app.engine.now(), 0);
    let batches = match app.engine.found_audit_logs(&permit, query) {
        Ok(batches) => batches,
        Err(error) => return refused_in(shell, &error),
    };
    let lines = batches.map_err(axum::Error::new).and_then(async |logs| {
        let mut lines = Vec::new();
        for log in &logs {
            serde_json::to_writer(&mut lines, log).map_err(axum::Error::new)?;
            lines.push(b'\n');
        }
        Ok(lines)
    });
    let lines = lines.inspect_err(|error| tracing::error!(%error, "an export broke off"));
    let mut response = Response::new(Body::from_stream(lines));
    for (name, value) in [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"audit_logs.ndjson\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}
