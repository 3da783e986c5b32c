//! Pages for browsers that ask for what is not there. Programs are told in the API's own form.

use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::frame::Anyone;
use super::search::{Found, search};
use crate::api::{self, ApiError};
use crate::app::App;
use crate::dashboard::filters;

/// Pages that are suggested.
const SUGGESTED: usize = 5;

#[derive(Template)]
#[template(path = "docs/missing.html")]
struct Missing<'p> {
    title: &'p str,
    text: &'p str,
    question: String,
    suggested: Vec<Found>,
    /// Where someone who is signed in goes: label and address.
    places: Vec<(&'static str, String)>,
}

/// The answer for a path that no route has.
pub(crate) async fn fallback(State(app): State<App>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    missing(&mut parts, &app).await
}

/// The answer for a method that the path's routes do not have.
pub(crate) async fn method_not_allowed(State(app): State<App>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    if !is_for_people(&parts.uri, &parts.headers) {
        return api::method_not_allowed(&parts.uri).into_response();
    }
    let Ok(anyone) = Anyone::from_request_parts(&mut parts, &app).await;
    respond(
        anyone,
        StatusCode::METHOD_NOT_ALLOWED,
        "That is not done here",
        "This address does not take what was sent to it. Go back and begin again.",
        "",
    )
}

/// The answer for an address that leads nowhere.
pub(in crate::dashboard) async fn missing(parts: &mut Parts, app: &App) -> Response {
    if !is_for_people(&parts.uri, &parts.headers) {
        return ApiError::no_route(&parts.uri).into_response();
    }
    let Ok(anyone) = Anyone::from_request_parts(parts, app).await;
    let last = parts.uri.path().rsplit('/').find(|part| !part.is_empty());
    missing_page(anyone, last.unwrap_or_default())
}

/// The page for an address that ends in these words and leads nowhere.
pub(super) fn missing_page(anyone: Anyone, last: &str) -> Response {
    respond(
        anyone,
        StatusCode::NOT_FOUND,
        "Page not found",
        "Nothing is at this address. It may be mistyped, or what was there has gone.",
        last,
    )
}

fn respond(anyone: Anyone, status: StatusCode, title: &str, text: &str, last: &str) -> Response {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == ' ';
    let question = last.replace(['-', '_', '.'], " ");
    let question = if question.chars().all(is_word) && question.len() <= 64 {
        question
    } else {
        String::new()
    };
    let mut suggested = search(&question);
    suggested.truncate(SUGGESTED);
    let page = Missing {
        title,
        text,
        places: places(&anyone),
        question: if suggested.is_empty() {
            String::new()
        } else {
            question
        },
        suggested,
    };
    anyone.page(status, title, &page)
}

/// Where people go.
fn places(anyone: &Anyone) -> Vec<(&'static str, String)> {
    let guide = ("Docs", super::PATH.to_owned());
    let Some(shell) = anyone.shell() else {
        return vec![("Sign in", "/sign-in".to_owned()), guide];
    };
    let groups = shell.groups();
    let entries = groups.iter().flat_map(|group| &group.entries);
    let own = entries.map(|entry| (entry.label, entry.href.clone()));
    own.chain([guide]).collect()
}

/// Whether a browser asks for a page, rather than a program for the API.
fn is_for_people(uri: &Uri, headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    !uri.path().starts_with(api::PREFIX)
        && accept.is_some_and(|accept| accept.contains("text/html"))
}
