//! `GET /user/tokens/verify` and `GET /accounts/{account_id}/tokens/verify`.

use axum::extract::State;
use coffer_engine::{Error, Unauthenticated};
use coffer_protocol::identity::TokenState;

use crate::api::answer::Answer;
use crate::api::authentication::Recognised;
use crate::api::error::{ApiError, ApiResult};
use crate::api::permitted::AccountPath;
use crate::app::App;

/// The state of a user's token. Clients tell an account's own token by the code 1000 of the refusal.
pub(super) async fn user_token(
    State(app): State<App>,
    caller: Result<Recognised, ApiError>,
) -> ApiResult<Answer<TokenState>> {
    let Recognised(caller) = caller.map_err(as_token_check)?;
    app.engine
        .user_token_state(&caller.actor)
        .map(Answer::ok)
        .map_err(|error| as_token_check(error.into()))
}

/// The state of an account's own token.
pub(super) async fn account_token(
    State(app): State<App>,
    AccountPath(account_id): AccountPath,
    caller: Result<Recognised, ApiError>,
) -> ApiResult<Answer<TokenState>> {
    let Recognised(caller) = caller.map_err(as_token_check)?;
    let state = app.engine.account_token_state(&caller.actor, account_id);
    state
        .map(Answer::ok)
        .map_err(|error| as_token_check(error.into()))
}

/// The codes by which a token check refuses.
fn as_token_check(error: ApiError) -> ApiError {
    match error {
        ApiError::Engine(Error::Unauthenticated(Unauthenticated::Missing)) => ApiError::NoToken,
        ApiError::Engine(Error::Unauthenticated(_)) => ApiError::NotAUserToken,
        other => other,
    }
}
