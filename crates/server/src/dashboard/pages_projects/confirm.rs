//! The pages that ask before a variable or a project is deleted, or production goes back to an earlier deployment.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{DeployPages, Missing, Permit, Result, ViewPages};
use coffer_protocol::pages::Project;
use coffer_types::VersionId;

use super::head::{Named, ProjectPath, place_of};
use super::variables::{change, variables};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

#[derive(Template)]
#[template(path = "pages_projects/confirm.html")]
struct ConfirmPage {
    shell: Shell,
    back: String,
    title: String,
    text: String,
    button: &'static str,
    danger: bool,
    /// What has to be typed first.
    typed: Option<String>,
    problem: Option<&'static str>,
}

/// Asks whether to delete a variable or a secret.
pub(super) async fn show_remove(
    State(app): State<App>,
    Path(path): Path<ProjectPath>,
    Query(named): Query<Named>,
    Visit { permit, shell }: Visit<DeployPages>,
) -> Response {
    match read(&app, &permit, &path).await {
        Ok(project) if has(&project, &named) => respond(&ConfirmPage {
            back: format!("{}/settings", place_of(&shell, &project.name)),
            shell,
            title: format!("Delete {}", named.name),
            text: format!(
                "Deployments to {} made from now on do not have it; those that are there keep it.{}",
                named.environment(),
                if is_secret(&project, &named) {
                    " The value cannot be viewed, so setting it again needs the value from elsewhere."
                } else {
                    ""
                }
            ),
            button: "Delete",
            danger: true,
            typed: None,
            problem: None,
        }),
        Ok(_) => refused_in(shell, &Missing::WorkerSecret.into()),
        Err(error) => refused_in(shell, &error),
    }
}

/// Deletes a variable or a secret.
pub(super) async fn remove(
    State(app): State<App>,
    Path(path): Path<ProjectPath>,
    Query(named): Query<Named>,
    Submit { permit, shell, .. }: Submit<DeployPages>,
) -> Response {
    let removed = async {
        let project = read(&app, &permit, &path).await?;
        if !has(&project, &named) {
            return Err(Missing::WorkerSecret.into());
        }
        let name = named.name.parse().map_err(|_| Missing::WorkerSecret)?;
        let gone = vec![(name, None)];
        change(&app, &permit, &project.name, &named, gone).await?;
        Ok(project)
    };
    match removed.await {
        Ok(project) => led(&place_of(&shell, &project.name), "/settings", "pages-saved"),
        Err(error) => refused_in(shell, &error),
    }
}

/// Asks whether production should go back to an earlier deployment.
pub(super) async fn show_rollback(
    State(app): State<App>,
    Path(path): Path<ProjectPath>,
    Query(named): Query<Named>,
    Visit { permit, shell }: Visit<DeployPages>,
) -> Response {
    match (read(&app, &permit, &path).await, deployment(&named)) {
        (Ok(project), Ok(id)) => respond(&ConfirmPage {
            back: place_of(&shell, &project.name),
            shell,
            title: format!("Roll back to {}", id.short()),
            text: "The deployment answers at the project's own address again, with the variables and secrets that it \
                   was made with, until the next deployment to production."
                .to_owned(),
            button: "Roll back",
            danger: false,
            typed: None,
            problem: None,
        }),
        (Err(error), _) | (_, Err(error)) => refused_in(shell, &error),
    }
}

/// Lets an earlier deployment be production again.
pub(super) async fn roll_back(
    State(app): State<App>,
    Path(path): Path<ProjectPath>,
    Query(named): Query<Named>,
    Submit { permit, shell, .. }: Submit<DeployPages>,
) -> Response {
    let done = async {
        let name = path.name()?;
        let id = deployment(&named)?;
        app.engine.roll_back_pages(&permit, &name, id).await?;
        Ok(name)
    };
    match done.await {
        Ok(name) => led(&place_of(&shell, &name), "", "pages-rolled-back"),
        Err(error) => refused_in(shell, &error),
    }
}

/// Asks whether to delete the project.
pub(super) async fn show_delete(
    State(app): State<App>,
    Path(path): Path<ProjectPath>,
    Visit { permit, shell }: Visit<DeployPages>,
) -> Response {
    match read(&app, &permit, &path).await {
        Ok(project) => respond(&ConfirmPage::of_deletion(shell, &project)),
        Err(error) => refused_in(shell, &error),
    }
}

/// Deletes the project, if its name was typed.
pub(super) async fn delete(
    State(app): State<App>,
    Path(path): Path<ProjectPath>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<DeployPages>,
) -> Response {
    let project = match read(&app, &permit, &path).await {
        Ok(project) => project,
        Err(error) => return refused_in(shell, &error),
    };
    if form.text("name") != project.name.as_str() {
        let mut page = ConfirmPage::of_deletion(shell, &project);
        page.problem = Some("This is not the name of the project. Nothing was deleted.");
        return respond_with(StatusCode::BAD_REQUEST, &page);
    }
    match app
        .engine
        .delete_pages_project(&permit, &project.name)
        .await
    {
        Ok(()) => led(&shell.place("workers"), "", "pages-deleted"),
        Err(error) => refused_in(shell, &error),
    }
}

impl ConfirmPage {
    fn of_deletion(shell: Shell, project: &Project) -> Self {
        Self {
            back: format!("{}/settings", place_of(&shell, &project.name)),
            shell,
            title: format!("Delete {}", project.name),
            text: "The project stops answering at once. Its deployments and the secrets of both its environments are gone for good."
                .to_owned(),
            button: "Delete",
            danger: true,
            typed: Some(project.name.to_string()),
            problem: None,
        }
    }
}

fn led(place: &str, below: &str, done: &str) -> Response {
    Redirect::to(&format!("{place}{below}?done={done}")).into_response()
}

async fn read(app: &App, permit: &Permit<DeployPages>, path: &ProjectPath) -> Result<Project> {
    let view = permit.and::<ViewPages>()?;
    app.engine.pages_project(&view, &path.name()?).await
}

fn has(project: &Project, named: &Named) -> bool {
    variables(project, named.environment()).any(|(name, _)| name.as_str() == named.name)
}

fn is_secret(project: &Project, named: &Named) -> bool {
    let mut all = variables(project, named.environment());
    all.any(|(name, text)| name.as_str() == named.name && text.is_none())
}

fn deployment(named: &Named) -> Result<VersionId> {
    named
        .deployment
        .parse()
        .map_err(|_| Missing::PagesDeployment.into())
}
