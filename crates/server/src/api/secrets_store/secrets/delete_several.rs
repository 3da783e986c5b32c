//! `DELETE …/stores/{store_id}/secrets`: those named in the body, all of them or none.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use coffer_engine::{Error, ManageSecrets, Missing, Problem};
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Change, Maybe};
use crate::api::error::ApiResult;
use crate::api::secrets_store::fields::StorePath;
use crate::app::App;

/// One element of the request.
#[derive(Debug, Deserialize)]
pub(in crate::api::secrets_store) struct Element {
    id: String,
}

/// Removes the secrets whose ids the body lists. A request without a body names none, and is refused rather
/// than taken for all.
pub(in crate::api::secrets_store) async fn delete_several(
    State(app): State<App>,
    path: Path<StorePath>,
    Change {
        permit,
        body: Maybe(elements),
    }: Change<ManageSecrets, Maybe<Vec<Element>>>,
) -> ApiResult<Answer<()>> {
    let store_id = StorePath::id(&path)?;
    let missing = || Problem::Json("send an array such as [{\"id\": \"…\"}]".to_owned());
    let elements = elements.ok_or_else(|| Error::invalid("", missing()))?;
    let ids = elements
        .iter()
        .map(|element| element.id.parse())
        .collect::<Result<Vec<_>, _>>();
    let ids = ids.map_err(|_| Error::NotFound(Missing::Secret))?;
    app.engine.delete_secrets(&permit, store_id, ids).await?;
    Ok(Answer::null().with_status(StatusCode::ACCEPTED))
}
