//! `GET …/stores/{store_id}/secrets/{secret_id}`: metadata; there is no way to the value.

use axum::extract::{Path, State};
use coffer_engine::ViewSecrets;
use coffer_protocol::secrets_store::Secret;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::api::secrets_store::fields::SecretPath;
use crate::app::App;

/// One secret's metadata.
pub(in crate::api::secrets_store) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewSecrets>,
    path: Path<SecretPath>,
) -> ApiResult<Answer<Secret>> {
    let (store_id, id) = (SecretPath::store_id(&path)?, SecretPath::secret_id(&path));
    Ok(Answer::ok(app.engine.secret(&permit, store_id, id).await?))
}
