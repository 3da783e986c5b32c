//! `DELETE /user/coffer/device_logins/token`.

use axum::extract::State;
use coffer_protocol::tokens::RemovedToken;

use crate::api::answer::Answer;
use crate::api::authentication::Recognised;
use crate::api::error::ApiResult;
use crate::app::App;

/// Removes the token that asks, which is refused from now on.
pub(super) async fn end(
    State(app): State<App>,
    Recognised(caller): Recognised,
) -> ApiResult<Answer<RemovedToken>> {
    Ok(Answer::ok(app.engine.delete_asking_token(&caller).await?))
}
