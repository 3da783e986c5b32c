//! `PUT …/tokens/{token_id}`.

use axum::extract::{Path, State};
use coffer_engine::{ManageTokens, ManageUserTokens, TokensPermit};
use coffer_protocol::tokens::{Token, TokenRequest};

use super::fields::{self, TokenPath};
use crate::api::answer::Answer;
use crate::api::body::{Change, Json, UserChange};
use crate::api::error::ApiResult;
use crate::app::App;

/// Changes a token of the user who asks.
pub(super) async fn of_user(
    State(app): State<App>,
    path: Path<TokenPath>,
    UserChange { permit, body }: UserChange<ManageUserTokens, Json<TokenRequest>>,
) -> ApiResult<Answer<Token>> {
    update(&app, &permit.into(), &path, body.0).await
}

/// Changes a token of the account itself.
pub(super) async fn of_account(
    State(app): State<App>,
    path: Path<TokenPath>,
    Change { permit, body }: Change<ManageTokens, Json<TokenRequest>>,
) -> ApiResult<Answer<Token>> {
    update(&app, &permit.into(), &path, body.0).await
}

async fn update(
    app: &App,
    permit: &TokensPermit<ManageTokens>,
    path: &Path<TokenPath>,
    request: TokenRequest,
) -> ApiResult<Answer<Token>> {
    let id = TokenPath::id(path)?;
    let settings = match fields::settings(request) {
        Ok(settings) => settings,
        Err(refusal) => {
            // An unknown token is told before what it is asked to be.
            app.engine.known_token(permit, id).await?;
            return Err(refusal.into());
        }
    };
    Ok(Answer::ok(
        app.engine.update_token(permit, id, settings).await?,
    ))
}
