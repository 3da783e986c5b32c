//! The page that asks before a token gets a new text, and shows that once.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use coffer_engine::ManageTokens;
use coffer_protocol::tokens::Token;

use super::TokenPath;
use super::create::{refused, shown};
use super::edit::find;
use super::owner::{TokensSubmit, TokensVisit, new_once};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::refused_in;

#[derive(Template)]
#[template(path = "tokens/roll.html")]
struct RollPage {
    shell: Shell,
    back: String,
    once: String,
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
        Ok(token) => respond(&RollPage {
            back: format!("{}/{}", owner.list(), token.id),
            once: new_once(&app),
            shell,
            token,
        }),
        Err(error) => refused_in(shell, &error),
    }
}

/// Gives the token a new text and shows it.
pub(super) async fn roll(
    State(app): State<App>,
    Path(path): Path<TokenPath>,
    TokensSubmit {
        permit,
        shell,
        owner,
        ..
    }: TokensSubmit,
) -> Response {
    let rolled = async {
        let token = find(&app, &permit, &path).await?;
        let text = app.engine.roll_token(&permit, token.id).await?;
        Ok((token.name.to_string(), text))
    };
    match rolled.await {
        Ok((name, text)) => shown(&app, shell, owner, "Token rolled", name, text),
        Err(error) => {
            let text = coffer_engine::Error::Internal("a roll was invalid".to_owned());
            refused(error, shell, owner, |shell, _| refused_in(shell, &text))
        }
    }
}
