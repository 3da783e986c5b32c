//! Uploads: a multipart body of metadata and modules.

mod form;
mod metadata;
mod modules;

pub(super) use form::{Form, refused};
pub(super) use metadata::parse;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use coffer_engine::{Permit, Requires};

use super::super::error::ApiError;
use super::super::permitted::Permitted;
use crate::app::App;

/// A permitted request with a multipart body. A repeated `Idempotency-Key` is known to the permit.
#[derive(Debug)]
pub(super) struct Uploaded<P> {
    pub(super) permit: Permit<P>,
    pub(super) form: Form,
}

impl<P: Requires> FromRequest<App> for Uploaded<P> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let Permitted(permit) = Permitted::<P>::from_request_parts(&mut parts, app).await?;
        let content_type = parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let form = Form::read(content_type, body).await?;
        let permit = match parts.headers.get("idempotency-key") {
            None => permit,
            Some(key) => {
                let key = key.to_str().unwrap_or_default();
                let mut request = vec![
                    parts.method.as_str().as_bytes(),
                    parts.uri.path().as_bytes(),
                    parts.uri.query().unwrap_or_default().as_bytes(),
                ];
                request.extend(form.pieces());
                permit.repeatable(app.engine.idempotency_key(key, &request)?)
            }
        };
        Ok(Self { permit, form })
    }
}
