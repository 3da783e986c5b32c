//! The guide's pages, their list and the search.

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::frame::Anyone;
use super::guide::{GuidePage, find, pages};
use super::missing::missing_page;
use super::search::{Found, search};
use crate::dashboard::filters;

#[derive(Template)]
#[template(path = "docs/index.html")]
struct Index {
    question: String,
    found: Vec<Found>,
}

#[derive(Template)]
#[template(path = "docs/page.html")]
struct Article {
    page: &'static GuidePage,
    previous: Option<&'static GuidePage>,
    next: Option<&'static GuidePage>,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    search: String,
}

/// The list of pages, or what was found.
pub(super) async fn index(Query(asked): Query<Asked>, anyone: Anyone) -> Response {
    let question = asked.search.trim().to_owned();
    let found = search(&question);
    anyone.page(StatusCode::OK, "Docs", &Index { question, found })
}

/// One page; with `.md` behind its name, as it was written.
pub(super) async fn page(Path(name): Path<String>, anyone: Anyone) -> Response {
    if let Some((_, page)) = name.strip_suffix(".md").and_then(find) {
        return written(page);
    }
    let Some((place, page)) = find(&name) else {
        return missing_page(anyone, &name);
    };
    let article = Article {
        page,
        previous: place.checked_sub(1).and_then(|before| pages().get(before)),
        next: pages().get(place + 1),
    };
    anyone.page(StatusCode::OK, &page.document.title, &article)
}

fn written(page: &GuidePage) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/markdown; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    (headers, page.markdown).into_response()
}
