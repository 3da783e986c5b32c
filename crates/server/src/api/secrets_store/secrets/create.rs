//! `POST …/stores/{store_id}/secrets`: an array, all of it or nothing.

use axum::extract::{Path, State};
use coffer_engine::{ManageSecrets, NewSecret, SecretValue};
use coffer_protocol::secrets_store::Secret;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::secrets_store::fields::{Problems, StorePath};
use crate::app::App;

/// One element of the request.
#[derive(Debug, Deserialize)]
pub(in crate::api::secrets_store) struct Element {
    name: Option<String>,
    value: Option<SecretValue>,
    #[serde(default)]
    scopes: Vec<String>,
    comment: Option<String>,
}

/// Makes secrets.
pub(in crate::api::secrets_store) async fn create(
    State(app): State<App>,
    path: Path<StorePath>,
    Change {
        permit,
        body: Json(elements),
    }: Change<ManageSecrets, Json<Vec<Element>>>,
) -> ApiResult<Answer<Vec<Secret>>> {
    let store_id = StorePath::id(&path)?;
    let mut problems = Problems::default();
    let new = elements
        .into_iter()
        .enumerate()
        .map(|(index, element)| parse(index, element, &mut problems));
    // Every element is looked at before the first refusal counts.
    let new: Vec<Option<NewSecret>> = new.collect();
    let new = problems.finish(new.into_iter().collect::<Option<Vec<_>>>())?;
    Ok(Answer::ok(
        app.engine.create_secrets(&permit, store_id, new).await?,
    ))
}

fn parse(index: usize, element: Element, problems: &mut Problems) -> Option<NewSecret> {
    let at = format!("/{index}");
    let name = problems.name(&at, element.name.as_deref());
    let value = problems.value(&at, element.value);
    let scopes = problems.scopes(&at, &element.scopes);
    let comment = problems.comment(&at, element.comment.as_deref());
    Some(NewSecret {
        name: name?,
        value: value?,
        scopes: scopes?,
        comment: comment?,
    })
}
