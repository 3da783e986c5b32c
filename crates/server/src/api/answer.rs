//! Successful answers in the v4 envelope.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use coffer_protocol::v4::{Envelope, PageInfo};
use serde::Serialize;

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    status: StatusCode,
    envelope: Envelope<T>,
}

impl<T> Answer<T> {
    /// 200 with a result.
    pub(crate) const fn ok(result: T) -> Self {
        Self {
            status: StatusCode::OK,
            envelope: Envelope::success(Some(result)),
        }
    }

    /// 200 with a page of a list.
    pub(crate) const fn page(result: T, info: PageInfo) -> Self {
        Self {
            status: StatusCode::OK,
            envelope: Envelope::page(result, info),
        }
    }

    /// The same with another status.
    pub(crate) const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

impl Answer<()> {
    /// A `null` result.
    pub(crate) const fn null() -> Self {
        Self {
            status: StatusCode::OK,
            envelope: Envelope::success(None),
        }
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        json_response(self.status, &self.envelope)
    }
}

/// 200 with a part of a list, whose place is told in a way of its own.
pub(super) fn part_response<T: Serialize, I: Serialize>(envelope: &Envelope<T, I>) -> Response {
    json_response(StatusCode::OK, envelope)
}

/// A JSON response. Everything answered here serialises.
pub(super) fn json_response<T: Serialize, I: Serialize>(
    status: StatusCode,
    envelope: &Envelope<T, I>,
) -> Response {
    let mut body = Vec::with_capacity(512);
    if let Err(error) = serde_json::to_writer(&mut body, envelope) {
        tracing::error!(%error, "an answer did not serialise");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}
