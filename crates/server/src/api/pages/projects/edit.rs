//! `PATCH …/pages/projects/{project_name}`: what is named is changed, `null` removes a variable, the rest stays.

use axum::extract::{Path, State};
use coffer_engine::{DeployPages, Error, PagesProjectChanges, Problem};
use coffer_protocol::pages::Project;
use coffer_types::PagesProjectName;
use serde::Deserialize;
use serde_json::Value;

use super::completed;
use super::create::check_source;
use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::pages::fields::{ConfigurationsFields, ProjectPath, branch, check_small};
use crate::app::App;

/// The request.
#[derive(Debug, Deserialize)]
pub(super) struct Fields {
    name: Option<String>,
    production_branch: Option<String>,
    build_config: Option<Value>,
    source: Option<Value>,
    deployment_configs: Option<ConfigurationsFields>,
}

/// Edits a project.
pub(super) async fn edit(
    State(app): State<App>,
    Path(path): Path<ProjectPath>,
    Change {
        permit,
        body: Json(fields),
    }: Change<DeployPages, Json<Fields>>,
) -> ApiResult<Answer<Project>> {
    let name = path.name()?;
    let changes = match parse(&name, fields) {
        Ok(changes) => changes,
        Err(refusal) => {
            // What an unknown project is asked to be is not looked at.
            app.engine.known_pages_project(&permit, &name).await?;
            return Err(refusal.into());
        }
    };
    let project = app
        .engine
        .edit_pages_project(&permit, &name, changes)
        .await?;
    Ok(Answer::ok(completed(&app, project)))
}

fn parse(name: &PagesProjectName, fields: Fields) -> Result<PagesProjectChanges, Error> {
    if fields.name.is_some_and(|other| other != name.as_str()) {
        let rule = "the name of a project never changes: create another project instead";
        return Err(Error::invalid("/name", Problem::Pages(rule.to_owned())));
    }
    check_source(fields.source.as_ref())?;
    check_small("", "build_config", fields.build_config.as_ref())?;
    let production_branch = fields
        .production_branch
        .as_deref()
        .map(branch)
        .transpose()?;
    let (production, preview) = fields.deployment_configs.unwrap_or_default().parse()?;
    Ok(PagesProjectChanges {
        production_branch,
        build_config: fields.build_config,
        production,
        preview,
    })
}
