//! `PUT …/tokens/{token_id}/value`.

use axum::extract::{Path, State};
use coffer_engine::{ManageTokens, ManageUserTokens, TokensPermit};

use super::create::ShownText;
use super::fields::TokenPath;
use crate::api::answer::Answer;
use crate::api::body::{Change, UserChange};
use crate::api::error::ApiResult;
use crate::app::App;

/// Gives a token of the user a new text.
pub(super) async fn of_user(
    State(app): State<App>,
    path: Path<TokenPath>,
    UserChange { permit, .. }: UserChange<ManageUserTokens, ()>,
) -> ApiResult<Answer<ShownText>> {
    roll(&app, &permit.into(), &path).await
}

/// Gives a token of the account a new text.
pub(super) async fn of_account(
    State(app): State<App>,
    path: Path<TokenPath>,
    Change { permit, .. }: Change<ManageTokens, ()>,
) -> ApiResult<Answer<ShownText>> {
    roll(&app, &permit.into(), &path).await
}

async fn roll(
    app: &App,
    permit: &TokensPermit<ManageTokens>,
    path: &Path<TokenPath>,
) -> ApiResult<Answer<ShownText>> {
    let id = TokenPath::id(path)?;
    let text = app.engine.roll_token(permit, id).await?;
    Ok(Answer::ok(ShownText(text)))
}
