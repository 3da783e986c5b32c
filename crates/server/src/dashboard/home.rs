//! The addresses that lead on: `/`, and an account's own.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};

use super::current_account::last_account;
use super::refusal::refused;
use super::shell::{Section, Shell};
use super::visit::{Visit, Visitor};
use crate::app::App;
use coffer_engine::ViewAccount;

/// The first page of the account that was open last, or else of the first one.
pub(super) async fn show(
    State(app): State<App>,
    Visitor(caller): Visitor,
    headers: HeaderMap,
) -> Response {
    let last = last_account(&headers);
    match Shell::around(&app.engine, &caller, last, Section::Elsewhere).await {
        Ok(shell) => Redirect::to(&shell.first_place()).into_response(),
        Err(error) => refused(&error),
    }
}

/// An account's first page.
pub(super) async fn account(Visit { shell, .. }: Visit<ViewAccount>) -> Response {
    Redirect::to(&shell.first_place()).into_response()
}
