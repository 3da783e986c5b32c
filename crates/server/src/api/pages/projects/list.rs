//! `GET …/pages/projects`.

use axum::extract::State;
use coffer_engine::ViewPages;
use coffer_protocol::pages::Project;
use coffer_types::limits::{DEFAULT_PAGES_PAGE_SIZE, MAX_PAGE_SIZE};

use super::completed;
use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::app::App;

/// A page of the account's projects, the newest first.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewPages>,
    query: Query,
) -> ApiResult<Answer<Vec<Project>>> {
    let page = query.page(1..=MAX_PAGE_SIZE, DEFAULT_PAGES_PAGE_SIZE)?;
    let found = app
        .engine
        .list_pages_projects(&permit, page.slice())
        .await?;
    let projects: Vec<_> = found
        .projects
        .into_iter()
        .map(|project| completed(&app, project))
        .collect();
    let info = page.info(projects.len(), found.total);
    Ok(Answer::page(projects, info))
}
