//! `GET …/stores/{store_id}`.

use axum::extract::{Path, State};
use coffer_engine::ViewSecrets;
use coffer_protocol::secrets_store::Store;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::api::secrets_store::fields::StorePath;
use crate::app::App;

/// One store.
pub(in crate::api::secrets_store) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewSecrets>,
    path: Path<StorePath>,
) -> ApiResult<Answer<Store>> {
    Ok(Answer::ok(
        app.engine.store(&permit, StorePath::id(&path)?).await?,
    ))
}
