//! `DELETE …/secrets/{secret_name}`.

use axum::extract::{Path, State};
use coffer_engine::{DeployWorkers, Error, Missing};

use super::SecretPath;
use crate::api::answer::Answer;
use crate::api::body::Change;
use crate::api::error::ApiResult;
use crate::app::App;

/// Deletes a secret.
pub(super) async fn delete(
    State(app): State<App>,
    Path(path): Path<SecretPath>,
    Change { permit, body: () }: Change<DeployWorkers, ()>,
) -> ApiResult<Answer<()>> {
    let script_name = path.script_name()?;
    let Some(secret_name) = path.secret_name() else {
        app.engine.known_worker(&permit, &script_name).await?;
        return Err(Error::from(Missing::WorkerSecret).into());
    };
    app.engine
        .delete_worker_secret(&permit, &script_name, secret_name)
        .await?;
    Ok(Answer::null())
}
