//! The page that deletes a Worker: its name has to be typed.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{DeployWorkers, Permit, Result, WorkerFacts};

use super::head::{WorkerPath, place_of};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

#[derive(Template)]
#[template(path = "workers/delete.html")]
struct DeletePage {
    shell: Shell,
    back: String,
    name: String,
    secrets: usize,
    serves: bool,
    problem: Option<&'static str>,
}

/// Asks whether to delete a Worker.
pub(super) async fn show(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Visit { permit, shell }: Visit<DeployWorkers>,
) -> Response {
    match read(&app, &permit, &path).await {
        Ok(facts) => respond(&DeletePage::new(shell, &facts)),
        Err(error) => refused_in(shell, &error),
    }
}

/// Deletes it, if its name was typed.
pub(super) async fn delete(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<DeployWorkers>,
) -> Response {
    let facts = match read(&app, &permit, &path).await {
        Ok(facts) => facts,
        Err(error) => return refused_in(shell, &error),
    };
    let name = facts.script.id.clone();
    if form.text("name") != name.as_str() {
        let mut page = DeletePage::new(shell, &facts);
        page.problem = Some("This is not the name of the Worker. Nothing was deleted.");
        return respond_with(StatusCode::BAD_REQUEST, &page);
    }
    match app.engine.delete_worker(&permit, name).await {
        Ok(()) => {
            let list = shell.place("workers");
            Redirect::to(&format!("{list}?done=worker-deleted")).into_response()
        }
        Err(error) => refused_in(shell, &error),
    }
}

async fn read(app: &App, permit: &Permit<DeployWorkers>, path: &WorkerPath) -> Result<WorkerFacts> {
    app.engine.worker(permit, &path.name()?).await
}

impl DeletePage {
    fn new(shell: Shell, facts: &WorkerFacts) -> Self {
        let bindings = facts.settings.bindings.iter();
        let lines = bindings.map(super::binding_line::BindingLine::from);
        Self {
            back: place_of(&shell, &facts.script.id),
            name: facts.script.id.to_string(),
            secrets: lines.filter(|line| line.encrypted).count(),
            serves: facts.deployment.is_some(),
            shell,
            problem: None,
        }
    }
}
