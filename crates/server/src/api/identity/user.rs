//! `GET /user`.

use axum::extract::State;
use coffer_engine::Error;
use coffer_protocol::identity::User;

use crate::api::answer::Answer;
use crate::api::authentication::Recognised;
use crate::api::error::{ApiError, ApiResult};
use crate::app::App;

/// The user who asks. An account's own token has none, and clients tell it by this answer's code.
pub(super) async fn find(
    State(app): State<App>,
    Recognised(caller): Recognised,
) -> ApiResult<Answer<User>> {
    match app.engine.own_user(&caller.actor) {
        Ok(user) => Ok(Answer::ok(user)),
        Err(Error::Denied) => Err(ApiError::NoUser),
        Err(error) => Err(error.into()),
    }
}
