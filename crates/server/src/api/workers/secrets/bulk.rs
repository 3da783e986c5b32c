//! `PATCH …/secrets-bulk`: several secrets in one version; `null` deletes.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use coffer_engine::{DeployWorkers, Error, SecretEdit};
use coffer_protocol::workers::WorkerSecret;
use coffer_types::BindingName;
use serde::Deserialize;

use super::put::Secret;
use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::workers::fields::{ScriptPath, binding_name};
use crate::app::App;

/// The request: a merge patch of the Worker's secrets.
#[derive(Debug, Deserialize)]
pub(super) struct Patch {
    secrets: BTreeMap<String, Option<Secret>>,
}

/// Sets and deletes secrets.
pub(super) async fn bulk(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change {
        permit,
        body: Json(patch),
    }: Change<DeployWorkers, Json<Patch>>,
) -> ApiResult<Answer<BTreeMap<BindingName, WorkerSecret>>> {
    let name = path.name()?;
    let edits = patch
        .secrets
        .into_iter()
        .map(|(text, secret)| match secret {
            Some(secret) => secret.parse(Some(&text)),
            None => removal(&text),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let set = edits
        .iter()
        .filter(|edit| edit.value.is_some())
        .map(|edit| (edit.name.clone(), WorkerSecret::named(edit.name.clone())))
        .collect();
    app.engine
        .edit_worker_secrets(&permit, &name, edits)
        .await?;
    Ok(Answer::ok(set))
}

fn removal(text: &str) -> Result<SecretEdit, Error> {
    let name = binding_name(text).map_err(|problem| Error::invalid("/secrets", problem))?;
    Ok(SecretEdit { name, value: None })
}
