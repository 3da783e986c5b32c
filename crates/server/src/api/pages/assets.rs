//! Static files of deployments: sent before the deployment, under a token of the project's.

mod check;
mod token;
mod upload;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Method, header};
use coffer_engine::{Error, PagesUploadPermit};
use coffer_types::Permission;
use coffer_types::limits::MAX_JSON_BODY_BYTES;
use serde::Deserialize;

use crate::api::authentication::Recognised;
use crate::api::body::{FromBody, Json, read};
use crate::api::error::{ApiError, ApiResult};
use crate::api::route::{Route, route};
use crate::app::App;

/// The operation that asks for a caller.
pub(super) fn routes() -> Vec<Route> {
    const TOKEN: &str = "/accounts/{account_id}/pages/projects/{project_name}/upload-token";
    vec![route(
        &Method::GET,
        TOKEN,
        "Get a token to send files of a Pages project",
        Some(Permission::DeployPages),
        token::find,
    )]
}

/// The operations that ask for that token instead.
pub(super) fn token_routes() -> Vec<Route> {
    vec![
        route(
            &Method::POST,
            "/pages/assets/check-missing",
            "Ask which files of a Pages project are missing",
            None,
            check::missing,
        )
        .by_upload_token(),
        route(
            &Method::POST,
            "/pages/assets/upload",
            "Send files of a Pages project",
            None,
            upload::upload,
        )
        .by_upload_token(),
        route(
            &Method::POST,
            "/pages/assets/upsert-hashes",
            "Say which files of a Pages project were sent",
            None,
            check::sent,
        )
        .by_upload_token(),
    ]
}

/// The hashes of a request.
#[derive(Debug, Deserialize)]
struct Hashes {
    hashes: Vec<String>,
}

/// A request about files by their hashes.
struct AboutFiles {
    permit: PagesUploadPermit,
    hashes: Vec<String>,
}

impl FromRequest<App> for AboutFiles {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let permit = permit(&mut parts, app).await?;
        let bytes = read(body, MAX_JSON_BODY_BYTES, app.body_idle).await?;
        let Json(Hashes { hashes }) = Json::from_body(&bytes)?;
        Ok(Self { permit, hashes })
    }
}

/// What the request's token permits. Whoever comes with other credentials is told whether these are good, and that
/// they are not what is asked for.
async fn permit(parts: &mut Parts, app: &App) -> ApiResult<PagesUploadPermit> {
    let token = parts.headers.get(header::AUTHORIZATION);
    let token = token.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if let Some(token) = token
        && let Some(permit) = app.engine.pages_upload_permit(token).await?
    {
        return Ok(permit);
    }
    let Recognised(_) = Recognised::from_request_parts(parts, app).await?;
    Err(Error::Denied.into())
}
