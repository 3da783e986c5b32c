//! The form that makes variables and secrets of one environment of a project of a file.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{DeployPages, Error, Permit, Result, ViewPages};
use coffer_protocol::pages::Project;

use super::head::{Named, ProjectPath, place_of};
use super::variables::{RESERVED, change, variable, variables};
use crate::app::App;
use crate::dashboard::refusal::sentence;
use crate::dashboard::shell::Shell;
use crate::dashboard::variable_import::ImportPage;
use crate::dashboard::visit::{Submit, Visit, refused_in};

/// Shows the empty form.
pub(super) async fn show(
    State(app): State<App>,
    Path(path): Path<ProjectPath>,
    Query(named): Query<Named>,
    Visit { permit, shell }: Visit<DeployPages>,
) -> Response {
    match project(&app, &permit, &path).await {
        Ok(project) => page(shell, &project, &named).answer(),
        Err(error) => refused_in(shell, &error),
    }
}

/// Shows what the file has or, once that was seen, sets it.
pub(super) async fn import(
    State(app): State<App>,
    Path(path): Path<ProjectPath>,
    Query(named): Query<Named>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<DeployPages>,
) -> Response {
    let project = match project(&app, &permit, &path).await {
        Ok(project) => project,
        Err(error) => return refused_in(shell, &error),
    };
    let mut page = page(shell, &project, &named);
    let taken = variables(&project, named.environment()).map(|(name, _)| name.as_str());
    let taken: Vec<&str> = taken.chain([RESERVED]).collect();
    let Some(edits) = page.take(&form, &taken) else {
        return page.answer();
    };
    let set = edits.into_iter();
    let set = set.map(|(name, kind)| (name, kind.and_then(variable)));
    let changed = change(&app, &permit, &project.name, &named, set.collect()).await;
    match changed {
        Ok(()) => {
            let place = place_of(&page.into_shell(), &project.name);
            Redirect::to(&format!("{place}/settings?done=pages-saved")).into_response()
        }
        Err(Error::Invalid(problems)) => {
            let told = problems.iter().map(|one| sentence(&one.problem));
            page.refused(told.collect::<Vec<_>>().join(" "))
        }
        Err(error) => refused_in(page.into_shell(), &error),
    }
}

fn page(shell: Shell, project: &Project, named: &Named) -> ImportPage {
    let back = format!("{}/settings", place_of(&shell, &project.name));
    let environment = named.environment();
    let note = format!("For {environment}: deployments that are made after this have them.");
    ImportPage::new(shell, back, None, Some(note))
}

async fn project(app: &App, permit: &Permit<DeployPages>, path: &ProjectPath) -> Result<Project> {
    let view = permit.and::<ViewPages>()?;
    app.engine.pages_project(&view, &path.name()?).await
}
