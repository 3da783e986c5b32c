//! `DELETE …/tokens/{token_id}`.

use axum::extract::{Path, State};
use coffer_engine::{ManageTokens, ManageUserTokens, TokensPermit};
use coffer_protocol::tokens::RemovedToken;

use super::fields::TokenPath;
use crate::api::answer::Answer;
use crate::api::body::{Change, UserChange};
use crate::api::error::ApiResult;
use crate::app::App;

/// Removes a token of the user who asks.
pub(super) async fn of_user(
    State(app): State<App>,
    path: Path<TokenPath>,
    UserChange { permit, .. }: UserChange<ManageUserTokens, ()>,
) -> ApiResult<Answer<RemovedToken>> {
    delete(&app, &permit.into(), &path).await
}

/// Removes a token of the account itself.
pub(super) async fn of_account(
    State(app): State<App>,
    path: Path<TokenPath>,
    Change { permit, .. }: Change<ManageTokens, ()>,
) -> ApiResult<Answer<RemovedToken>> {
    delete(&app, &permit.into(), &path).await
}

async fn delete(
    app: &App,
    permit: &TokensPermit<ManageTokens>,
    path: &Path<TokenPath>,
) -> ApiResult<Answer<RemovedToken>> {
    let id = TokenPath::id(path)?;
    Ok(Answer::ok(app.engine.delete_token(permit, id).await?))
}
