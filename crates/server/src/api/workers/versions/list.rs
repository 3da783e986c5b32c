//! `GET …/versions`.

use axum::extract::{Path, State};
use coffer_engine::ViewWorkers;
use coffer_protocol::workers::VersionItems;
use coffer_types::limits::{DEFAULT_VERSIONS_PAGE_SIZE, MAX_PAGE_SIZE};

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::api::workers::fields::ScriptPath;
use crate::app::App;

/// A page of a Worker's versions, newest first.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<ScriptPath>,
    query: Query,
) -> ApiResult<Answer<VersionItems>> {
    let deployable = query.flag("deployable")?;
    let page = query.page(1..=MAX_PAGE_SIZE, DEFAULT_VERSIONS_PAGE_SIZE)?;
    let found = app
        .engine
        .list_versions(&permit, &path.name()?, deployable, page.slice())
        .await?;
    let info = page.info(found.versions.len(), found.total);
    let items = VersionItems {
        items: found.versions,
    };
    Ok(Answer::page(items, info))
}
