//! `PATCH …/script-settings`.

use axum::extract::{Path, State};
use coffer_engine::DeployWorkers;
use coffer_protocol::workers::ScriptSettings;

use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::workers::fields::{ScriptPath, ScriptSettingsFields};
use crate::app::App;

/// Changes the settings that are not part of a version.
pub(super) async fn edit(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change {
        permit,
        body: Json(fields),
    }: Change<DeployWorkers, Json<ScriptSettingsFields>>,
) -> ApiResult<Answer<ScriptSettings>> {
    let name = path.name()?;
    Ok(Answer::ok(
        app.engine
            .edit_script_settings(&permit, name, fields.into())
            .await?,
    ))
}
