//! `GET …/tokens/{token_id}`.

use axum::extract::{Path, State};
use coffer_engine::{ViewTokens, ViewUserTokens};
use coffer_protocol::tokens::Token;

use super::fields::TokenPath;
use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::{Permitted, PermittedUser};
use crate::app::App;

/// A token of the user who asks.
pub(super) async fn of_user(
    State(app): State<App>,
    PermittedUser(permit): PermittedUser<ViewUserTokens>,
    path: Path<TokenPath>,
) -> ApiResult<Answer<Token>> {
    let id = TokenPath::id(&path)?;
    Ok(Answer::ok(app.engine.token(&permit.into(), id).await?))
}

/// A token of the account itself.
pub(super) async fn of_account(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewTokens>,
    path: Path<TokenPath>,
) -> ApiResult<Answer<Token>> {
    let id = TokenPath::id(&path)?;
    Ok(Answer::ok(app.engine.token(&permit.into(), id).await?))
}
