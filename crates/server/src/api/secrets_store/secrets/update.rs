//! `PATCH …/stores/{store_id}/secrets/{secret_id}`.

use axum::extract::{Path, State};
use coffer_engine::{ManageSecrets, SecretChanges, SecretValue};
use coffer_protocol::secrets_store::Secret;
use serde::{Deserialize, Deserializer};

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::secrets_store::fields::{Problems, SecretPath};
use crate::app::App;

/// The request. A part that is absent stays as it is; a comment of `null` is taken away.
#[derive(Debug, Deserialize)]
pub(in crate::api::secrets_store) struct Update {
    value: Option<SecretValue>,
    scopes: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    comment: Option<Option<String>>,
}

/// Edits a secret.
pub(in crate::api::secrets_store) async fn update(
    State(app): State<App>,
    path: Path<SecretPath>,
    Change {
        permit,
        body: Json(request),
    }: Change<ManageSecrets, Json<Update>>,
) -> ApiResult<Answer<Secret>> {
    let mut problems = Problems::default();
    let scopes = request.scopes.map(|scopes| problems.scopes("", &scopes));
    let comment = request
        .comment
        .map(|comment| problems.comment("", comment.as_deref()));
    problems.into_result()?;
    let changes = SecretChanges {
        value: request.value,
        scopes: scopes.flatten(),
        comment: comment.flatten(),
    };
    let (store_id, id) = (SecretPath::store_id(&path)?, SecretPath::secret_id(&path));
    Ok(Answer::ok(
        app.engine
            .update_secret(&permit, store_id, id, changes)
            .await?,
    ))
}

/// Tells `null` apart from absence.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
