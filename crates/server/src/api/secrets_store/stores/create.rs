//! `POST …/stores`.

use axum::extract::State;
use coffer_engine::{Error, ManageSecrets, Problem};
use coffer_protocol::secrets_store::Store;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::app::App;

/// The request.
#[derive(Debug, Deserialize)]
pub(in crate::api::secrets_store) struct NewStore {
    #[serde(default)]
    name: String,
}

/// Makes a store.
pub(in crate::api::secrets_store) async fn create(
    State(app): State<App>,
    Change {
        permit,
        body: Json(new),
    }: Change<ManageSecrets, Json<NewStore>>,
) -> ApiResult<Answer<Store>> {
    let name = new
        .name
        .parse()
        .map_err(|error| Error::invalid("/name", Problem::StoreName(error)))?;
    Ok(Answer::ok(app.engine.create_store(&permit, name).await?))
}
