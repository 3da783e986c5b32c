//! The files that pages stand on, built into the program.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::app::App;

/// One file, so that a page waits for one answer; in this order, because of two rules of one weight the later counts.
const STYLE: &str = concat!(
    include_str!("../../templates/style/tokens.css"),
    include_str!("../../templates/style/frame.css"),
    include_str!("../../templates/style/pieces.css"),
);
/// One module: the second part ends with what is run.
const SCRIPT: &str = concat!(
    include_str!("../../templates/script/server.js"),
    include_str!("../../templates/script/page.js"),
);
const ICONS: &str = include_str!("../../templates/icons.svg");
const ICON: &str = include_str!("../../templates/icon.svg");

/// Stands in every file's address, so that browsers keep a file for as long as it is the same.
pub(super) const VERSION: u64 = digest(digest(digest(BASIS, STYLE), SCRIPT), ICONS);
/// Where FNV-1a begins, and by what it multiplies (RFC 9923). Nothing depends on who can make two files alike.
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// How long browsers keep a file under its address.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The files.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(
            "/assets/dashboard.css",
            file("text/css; charset=utf-8", STYLE),
        )
        .route(
            "/assets/dashboard.js",
            file("text/javascript; charset=utf-8", SCRIPT),
        )
        .route("/assets/icons.svg", file("image/svg+xml", ICONS))
        .route("/assets/icon.svg", file("image/svg+xml", ICON))
}

fn file(content_type: &'static str, content: &'static str) -> axum::routing::MethodRouter<App> {
    get(async move || {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
            (header::CACHE_CONTROL, KEPT),
            (
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ),
        ];
        (headers, content).into_response()
    })
}

const fn digest(before: u64, text: &str) -> u64 {
    let bytes = text.as_bytes();
    let (mut digest, mut index) = (before, 0);
    while index < bytes.len() {
        digest = (digest ^ bytes[index] as u64).wrapping_mul(PRIME);
        index += 1;
    }
    digest
}
