//! Pages for people. They are rendered here whole, and run no script.

mod form;
mod invitation;
mod page;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::app::App;

const STYLE: &str = include_str!("../templates/pages.css");
/// How long browsers keep the style. A new release may change it.
const STYLE_KEPT: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// The pages.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route(
            invitation::PATH,
            get(invitation::show).post(invitation::accept),
        )
        .route("/assets/pages.css", get(style))
}

async fn style() -> impl IntoResponse {
    let css = HeaderValue::from_static("text/css; charset=utf-8");
    let nosniff = HeaderValue::from_static("nosniff");
    let headers = [
        (header::CONTENT_TYPE, css),
        (header::CACHE_CONTROL, STYLE_KEPT),
        (header::X_CONTENT_TYPE_OPTIONS, nosniff),
    ];
    (headers, STYLE)
}
