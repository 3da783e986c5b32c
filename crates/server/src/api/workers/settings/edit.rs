//! `PATCH …/settings`: bindings and settings without new code. A binding that comes without what it gives
//! stays as it is, because a list that was read has no values in it.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use coffer_engine::{SettingsChanges, ViewWorkers};
use coffer_protocol::workers::Settings;
use coffer_types::limits::MAX_JSON_BODY_BYTES;
use serde::Deserialize;
use serde_json::Value;

use crate::api::answer::Answer;
use crate::api::body::{FromBody, Json};
use crate::api::error::{ApiError, ApiResult};
use crate::api::workers::fields::{
    Bare, BindingFields, ScriptPath, ScriptSettingsFields, annotations, bindings,
};
use crate::api::workers::upload::{Form, Uploaded, refused};
use crate::app::App;

#[derive(Debug, Deserialize)]
struct Fields {
    bindings: Option<Vec<BindingFields>>,
    compatibility_date: Option<String>,
    compatibility_flags: Option<Vec<String>>,
    limits: Option<Value>,
    placement: Option<Value>,
    annotations: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    script: ScriptSettingsFields,
}

/// Edits settings and bindings.
pub(super) async fn edit(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Uploaded { permit, form }: Uploaded<ViewWorkers>,
) -> ApiResult<Answer<Settings>> {
    let name = path.name()?;
    let changes = parse(form)?;
    Ok(Answer::ok(
        app.engine.edit_settings(&permit, &name, changes).await?,
    ))
}

fn parse(mut form: Form) -> ApiResult<SettingsChanges> {
    let part = form
        .take("settings")
        .ok_or_else(|| refused("the request has no part named settings"))?;
    if part.content.len() > MAX_JSON_BODY_BYTES {
        return Err(ApiError::BodyTooLarge(MAX_JSON_BODY_BYTES));
    }
    let Json(fields): Json<Fields> = Json::from_body(&part.content)?;
    let given = fields.bindings;
    Ok(SettingsChanges {
        bindings: given.map(|given| bindings(given, Bare::Kept)).transpose()?,
        compatibility_date: fields.compatibility_date,
        compatibility_flags: fields.compatibility_flags,
        limits: fields.limits,
        placement: fields.placement,
        annotations: annotations(fields.annotations)?,
        script: fields.script.into(),
    })
}
