//! `GET …/pages/projects/{project_name}/deployments`.

use axum::extract::{Path, State};
use coffer_engine::{Error, Problem, ViewPages};
use coffer_protocol::pages::Deployment;
use coffer_types::PagesEnvironment;
use coffer_types::limits::{DEFAULT_PAGES_DEPLOYMENTS_PAGE_SIZE, MAX_PAGE_SIZE};

use super::completed;
use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::pages::fields::ProjectPath;
use crate::api::permitted::Permitted;
use crate::app::App;

/// A page of the project's deployments, the newest first.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewPages>,
    Path(path): Path<ProjectPath>,
    query: Query,
) -> ApiResult<Answer<Vec<Deployment>>> {
    let page = query.page(1..=MAX_PAGE_SIZE, DEFAULT_PAGES_DEPLOYMENTS_PAGE_SIZE)?;
    let environment = query.value("env").map(environment).transpose()?;
    let found = app
        .engine
        .list_pages_deployments(&permit, &path.name()?, environment, page.slice())
        .await?;
    let deployments: Vec<_> = found
        .deployments
        .into_iter()
        .map(|deployment| completed(&app, deployment))
        .collect();
    let info = page.info(deployments.len(), found.total);
    Ok(Answer::page(deployments, info))
}

fn environment(text: &str) -> Result<PagesEnvironment, Error> {
    let mut known = PagesEnvironment::ALL.into_iter();
    known.find(|known| known.as_str() == text).ok_or_else(|| {
        let rule = "env must be production or preview".to_owned();
        Error::invalid("env", Problem::Parameter(rule))
    })
}
