//! `PUT …/secrets`: one secret, deployed at once.

use axum::extract::{Path, State};
use coffer_engine::{DeployWorkers, Error, Problem, SecretEdit, SecretValue};
use coffer_protocol::workers::WorkerSecret;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::workers::fields::{ScriptPath, binding_name, shown};
use crate::app::App;

/// A secret to be set.
#[derive(Debug, Deserialize)]
pub(super) struct Secret {
    name: Option<String>,
    text: Option<SecretValue>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// Sets a secret.
pub(super) async fn put(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change {
        permit,
        body: Json(secret),
    }: Change<DeployWorkers, Json<Secret>>,
) -> ApiResult<Answer<WorkerSecret>> {
    let name = path.name()?;
    let edit = secret.parse(None)?;
    let answer = WorkerSecret::named(edit.name.clone());
    app.engine
        .edit_worker_secrets(&permit, &name, vec![edit])
        .await?;
    Ok(Answer::ok(answer))
}

impl Secret {
    /// The secret to be set, under the name of its place if it has one.
    pub(super) fn parse(self, place: Option<&str>) -> Result<SecretEdit, Error> {
        let text = place.or(self.name.as_deref()).unwrap_or_default();
        let name = binding_name(text).map_err(|problem| Error::invalid("/name", problem))?;
        match self.kind.as_deref() {
            None | Some("secret_text") => {}
            Some(other) => {
                let rule = format!(
                    "secret {name} of type {} is not supported by Coffer",
                    shown(other)
                );
                return Err(Error::invalid("/type", Problem::Script(rule)));
            }
        }
        let missing = || {
            let rule = format!("secret {name} needs text");
            Error::invalid("/text", Problem::Upload(rule))
        };
        let value = self.text.ok_or_else(missing)?;
        Ok(SecretEdit {
            name,
            value: Some(value),
        })
    }
}
