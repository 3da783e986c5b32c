//! `GET …/secrets` and `GET …/secrets/{secret_name}`: names, never values.

use axum::extract::{Path, State};
use coffer_engine::{Error, Missing, ViewWorkers};
use coffer_protocol::workers::WorkerSecret;

use super::SecretPath;
use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::api::workers::fields::ScriptPath;
use crate::app::App;

/// A Worker's secrets. There are fewer than a page holds.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<ScriptPath>,
    query: Query,
) -> ApiResult<Answer<Vec<WorkerSecret>>> {
    let secrets = app
        .engine
        .list_worker_secrets(&permit, &path.name()?)
        .await?;
    let most = u32::try_from(coffer_types::limits::MAX_BINDINGS_PER_VERSION).unwrap_or(u32::MAX);
    let (secrets, info) = query.page(1..=most, most)?.of(secrets);
    Ok(Answer::page(secrets, info))
}

/// One of them.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<SecretPath>,
) -> ApiResult<Answer<WorkerSecret>> {
    let script_name = path.script_name()?;
    let Some(secret_name) = path.secret_name() else {
        app.engine.known_worker(&permit, &script_name).await?;
        return Err(Error::from(Missing::WorkerSecret).into());
    };
    Ok(Answer::ok(
        app.engine
            .worker_secret(&permit, &script_name, &secret_name)
            .await?,
    ))
}
