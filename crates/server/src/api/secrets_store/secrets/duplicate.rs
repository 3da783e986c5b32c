//! `POST …/stores/{store_id}/secrets/{secret_id}/duplicate`.

use axum::extract::{Path, State};
use coffer_engine::{DuplicateSecret, ManageSecrets};
use coffer_protocol::secrets_store::Secret;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::secrets_store::fields::{Problems, SecretPath};
use crate::app::App;

/// The request.
#[derive(Debug, Deserialize)]
pub(in crate::api::secrets_store) struct Duplicate {
    name: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    comment: Option<String>,
}

/// Makes a secret with the value of another.
pub(in crate::api::secrets_store) async fn duplicate(
    State(app): State<App>,
    path: Path<SecretPath>,
    Change {
        permit,
        body: Json(request),
    }: Change<ManageSecrets, Json<Duplicate>>,
) -> ApiResult<Answer<Secret>> {
    let mut problems = Problems::default();
    let name = problems.name("", request.name.as_deref());
    let scopes = problems.scopes("", &request.scopes);
    let comment = problems.comment("", request.comment.as_deref());
    let parsed = name.zip(scopes).zip(comment);
    let ((name, scopes), comment) = problems.finish(parsed)?;
    let duplicate = DuplicateSecret {
        name,
        scopes,
        comment,
    };
    let (store_id, id) = (SecretPath::store_id(&path)?, SecretPath::secret_id(&path));
    Ok(Answer::ok(
        app.engine
            .duplicate_secret(&permit, store_id, id, duplicate)
            .await?,
    ))
}
