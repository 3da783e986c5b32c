//! Static assets of Workers: an upload is begun, its files are sent, and its token comes with the version.

mod begin;
#[cfg(test)]
mod tests;
mod upload;
mod version;

use axum::http::{Method, StatusCode};
use coffer_types::Permission;

use crate::api::route::{Route, route};

pub(super) use version::AssetFields;

/// The operations that ask for a caller.
pub(super) fn routes() -> Vec<Route> {
    const BEGIN: &str =
        "/accounts/{account_id}/workers/scripts/{script_name}/assets-upload-session";
    vec![route(
        &Method::POST,
        BEGIN,
        "Begin an upload of static assets",
        Some(Permission::DeployWorkers),
        begin::begin,
    )]
}

/// The operation that asks for the token of an upload instead.
pub(super) fn token_routes() -> Vec<Route> {
    const UPLOAD: &str = "/accounts/{account_id}/workers/assets/upload";
    vec![
        route(
            &Method::POST,
            UPLOAD,
            "Send files of an upload of static assets",
            None,
            upload::upload,
        )
        .by_upload_token()
        .answers(StatusCode::CREATED),
    ]
}
