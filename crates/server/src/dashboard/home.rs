//! The addresses that lead on: `/`, and an account's own.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::refusal::refused;
use super::shell::{Section, Shell};
use super::visit::{Visit, Visitor};
use crate::app::App;
use coffer_engine::ViewAccount;

/// The first account's first page.
pub(super) async fn show(State(app): State<App>, Visitor(caller): Visitor) -> Response {
    let shell = Shell::of(&app.engine, &caller, None, Section::Elsewhere).await;
    let first = match shell {
        Ok(shell) => shell.accounts.first().map(|account| account.id),
        Err(error) => return refused(&error),
    };
    match Shell::of(&app.engine, &caller, first, Section::Elsewhere).await {
        Ok(shell) => Redirect::to(&shell.first_place()).into_response(),
        Err(error) => refused(&error),
    }
}

/// An account's first page.
pub(super) async fn account(Visit { shell, .. }: Visit<ViewAccount>) -> Response {
    Redirect::to(&shell.first_place()).into_response()
}
