//! What every page is answered with.

use askama::Template;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

/// Nothing but our own files comes from anywhere, nothing stands in a page itself, forms go back to where they came
/// from, and nobody frames a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Headers that every page has. A page's address may be a secret, so no other place is told of it.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
];

/// A page as an answer.
pub(super) fn respond(page: &impl Template) -> Response {
    respond_with(StatusCode::OK, page)
}

/// A page as an answer with this status.
pub(super) fn respond_with(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, headers(), Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page was not rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, headers()).into_response()
        }
    }
}

fn headers() -> HeaderMap {
    HEADERS
        .into_iter()
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect()
}
