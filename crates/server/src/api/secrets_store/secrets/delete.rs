//! `DELETE …/stores/{store_id}/secrets/{secret_id}`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use coffer_engine::ManageSecrets;

use crate::api::answer::Answer;
use crate::api::body::Change;
use crate::api::error::ApiResult;
use crate::api::secrets_store::fields::SecretPath;
use crate::app::App;

/// Removes a secret.
pub(in crate::api::secrets_store) async fn delete(
    State(app): State<App>,
    path: Path<SecretPath>,
    Change { permit, body: () }: Change<ManageSecrets, ()>,
) -> ApiResult<Answer<()>> {
    let store_id = SecretPath::store_id(&path)?;
    app.engine
        .delete_secret(&permit, store_id, SecretPath::secret_id(&path))
        .await?;
    Ok(Answer::null().with_status(StatusCode::ACCEPTED))
}
