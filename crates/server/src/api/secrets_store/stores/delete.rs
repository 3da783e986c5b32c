//! `DELETE …/stores/{store_id}`.

use axum::extract::{Path, State};
use coffer_engine::ManageSecrets;

use crate::api::answer::Answer;
use crate::api::body::Change;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::secrets_store::fields::StorePath;
use crate::app::App;

/// Removes a store; with `?force=true` its secrets too.
pub(in crate::api::secrets_store) async fn delete(
    State(app): State<App>,
    path: Path<StorePath>,
    query: Query,
    Change { permit, body: () }: Change<ManageSecrets, ()>,
) -> ApiResult<Answer<()>> {
    app.engine
        .delete_store(&permit, StorePath::id(&path)?, query.flag("force")?)
        .await?;
    Ok(Answer::null())
}
