//! `GET …/versions/{version_id}`.

use axum::extract::{Path, State};
use coffer_engine::{Error, Missing, ViewWorkers};
use coffer_protocol::workers::Version;
use coffer_types::WorkerName;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::permitted::Permitted;
use crate::api::workers::fields::version_id;
use crate::app::App;

/// The version of a path.
#[derive(Debug, Deserialize)]
pub(super) struct VersionPath {
    script_name: String,
    version_id: String,
}

/// One version.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<VersionPath>,
) -> ApiResult<Answer<Version>> {
    let name: WorkerName = path
        .script_name
        .parse()
        .map_err(|_| Error::from(Missing::Worker))?;
    // The Worker is looked for first: no version has an id that does not parse.
    let Ok(id) = version_id(&path.version_id) else {
        app.engine.worker(&permit, &name).await?;
        return Err(Error::from(Missing::Version).into());
    };
    Ok(Answer::ok(app.engine.version(&permit, &name, id).await?))
}
