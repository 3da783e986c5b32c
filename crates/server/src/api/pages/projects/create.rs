//! `POST …/pages/projects`.

use axum::extract::State;
use coffer_engine::{DeployPages, Error, NewPagesProject, Problem};
use coffer_protocol::pages::Project;
use coffer_types::name::InvalidName;
use serde::Deserialize;
use serde_json::Value;

use super::completed;
use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::pages::fields::{ConfigurationsFields, branch, check_small};
use crate::app::App;

/// The branch of a project that names none.
const DEFAULT_BRANCH: &str = "main";

/// The request.
#[derive(Debug, Deserialize)]
pub(super) struct Fields {
    name: Option<String>,
    production_branch: Option<String>,
    build_config: Option<Value>,
    source: Option<Value>,
    deployment_configs: Option<ConfigurationsFields>,
}

/// Makes a project.
pub(super) async fn create(
    State(app): State<App>,
    Change {
        permit,
        body: Json(fields),
    }: Change<DeployPages, Json<Fields>>,
) -> ApiResult<Answer<Project>> {
    let new = parse(fields)?;
    let project = app.engine.create_pages_project(&permit, new).await?;
    Ok(Answer::ok(completed(&app, project)))
}

fn parse(fields: Fields) -> Result<NewPagesProject, Error> {
    let name = fields.name.ok_or(InvalidName::Empty);
    let name = name
        .and_then(|text| text.parse())
        .map_err(|error| Error::invalid("/name", Problem::PagesProjectName(error)))?;
    check_source(fields.source.as_ref())?;
    check_small("", "build_config", fields.build_config.as_ref())?;
    let branch_text = fields.production_branch.as_deref();
    let (production, preview) = fields.deployment_configs.unwrap_or_default().parse()?;
    Ok(NewPagesProject {
        name,
        production_branch: branch(branch_text.unwrap_or(DEFAULT_BRANCH))?,
        build_config: fields.build_config,
        production,
        preview,
    })
}

/// Nothing is built from a repository here.
pub(super) fn check_source(source: Option<&Value>) -> Result<(), Error> {
    if source.is_none_or(Value::is_null) {
        return Ok(());
    }
    let rule = "Coffer builds from no repository: leave source out and deploy a directory instead";
    Err(Error::invalid("/source", Problem::Pages(rule.to_owned())))
}
