//! The page that asks before a token is deleted.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::ManageTokens;
use coffer_protocol::tokens::Token;

use super::TokenPath;
use super::edit::find;
use super::owner::{TokensSubmit, TokensVisit};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::refused_in;

#[derive(Template)]
#[template(path = "tokens/delete.html")]
struct DeletePage {
    shell: Shell,
    back: String,
    token: Token,
}

/// Asks.
pub(super) async fn show(
    State(app): State<App>,
    TokensVisit {
        permit,
        shell,
        owner,
    }: TokensVisit<ManageTokens>,
    Path(path): Path<TokenPath>,
) -> Response {
    match find(&app, &permit, &path).await {
        Ok(token) => respond(&DeletePage {
            back: format!("{}/{}", owner.list(), token.id),
            shell,
            token,
        }),
        Err(error) => refused_in(shell, &error),
    }
}

/// Deletes it.
pub(super) async fn delete(
    State(app): State<App>,
    Path(path): Path<TokenPath>,
    TokensSubmit {
        permit,
        shell,
        owner,
        ..
    }: TokensSubmit,
) -> Response {
    let deleted = async { app.engine.delete_token(&permit, path.id()?).await };
    match deleted.await {
        Ok(_) => Redirect::to(&format!("{}?done=token-deleted", owner.list())).into_response(),
        Err(error) => refused_in(shell, &error),
    }
}
