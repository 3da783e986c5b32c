//! `GET …/secrets_store/quota`.

use axum::extract::State;
use coffer_engine::ViewSecrets;
use coffer_protocol::secrets_store::Quota;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::app::App;

/// The account's limit of secrets and how many it has.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewSecrets>,
) -> ApiResult<Answer<Quota>> {
    Ok(Answer::ok(app.engine.quota(&permit).await?))
}
