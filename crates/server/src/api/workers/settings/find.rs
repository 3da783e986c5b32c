//! `GET …/settings` and `GET …/script-settings`.

use axum::extract::{Path, State};
use coffer_engine::ViewWorkers;
use coffer_protocol::workers::{ScriptSettings, Settings};

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::api::workers::fields::ScriptPath;
use crate::app::App;

/// Settings and bindings, without values.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<ScriptPath>,
) -> ApiResult<Answer<Settings>> {
    let found = app.engine.worker(&permit, &path.name()?).await?;
    Ok(Answer::ok(found.settings))
}

/// The settings that are not part of a version.
pub(super) async fn find_script(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<ScriptPath>,
) -> ApiResult<Answer<ScriptSettings>> {
    let found = app.engine.worker(&permit, &path.name()?).await?;
    Ok(Answer::ok(found.settings.script))
}
