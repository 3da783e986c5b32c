//! `POST /user/tokens` and `POST /accounts/{account_id}/tokens`.

use axum::extract::State;
use coffer_engine::{ManageTokens, ManageUserTokens, TokenText, TokensPermit};
use coffer_protocol::tokens::{Token, TokenRequest};
use serde::{Serialize, Serializer};

use super::fields;
use crate::api::answer::Answer;
use crate::api::body::{Change, Json, UserChange};
use crate::api::error::ApiResult;
use crate::app::App;

/// A token with its text, which is shown here and never again.
#[derive(Debug, Serialize)]
pub(super) struct TokenWithValue {
    #[serde(flatten)]
    token: Token,
    value: ShownText,
}

/// A token's text, to be shown.
#[derive(Debug)]
pub(super) struct ShownText(pub(super) TokenText);

impl Serialize for ShownText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

/// Makes a token of the user who asks.
pub(super) async fn of_user(
    State(app): State<App>,
    UserChange { permit, body }: UserChange<ManageUserTokens, Json<TokenRequest>>,
) -> ApiResult<Answer<TokenWithValue>> {
    create(&app, &permit.into(), body.0).await
}

/// Makes a token of the account itself.
pub(super) async fn of_account(
    State(app): State<App>,
    Change { permit, body }: Change<ManageTokens, Json<TokenRequest>>,
) -> ApiResult<Answer<TokenWithValue>> {
    create(&app, &permit.into(), body.0).await
}

async fn create(
    app: &App,
    permit: &TokensPermit<ManageTokens>,
    request: TokenRequest,
) -> ApiResult<Answer<TokenWithValue>> {
    let settings = fields::settings(request)?;
    let created = app.engine.create_token(permit, settings).await?;
    Ok(Answer::ok(TokenWithValue {
        token: created.token,
        value: ShownText(created.text),
    }))
}
