//! The form that makes a Worker's variables and secrets of a file.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{DeployWorkers, EditSettings, Permit, Result, ViewWorkers, WorkerFacts};

use super::edit::{self, Then};
use super::head::{WorkerPath, place_of};
use crate::app::App;
use crate::dashboard::shell::Shell;
use crate::dashboard::variable_import::ImportPage;
use crate::dashboard::visit::{Submit, Visit, refused_in};

/// Shows the empty form.
pub(super) async fn show(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Visit { permit, shell }: Visit<DeployWorkers>,
) -> Response {
    match worker(&app, &permit, &path).await {
        Ok(facts) => page(shell, &facts).answer(),
        Err(error) => refused_in(shell, &error),
    }
}

/// Shows what the file has or, once that was seen, sets it in one version.
pub(super) async fn import(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<DeployWorkers>,
) -> Response {
    let facts = match worker(&app, &permit, &path).await {
        Ok(facts) => facts,
        Err(error) => return refused_in(shell, &error),
    };
    let mut page = page(shell, &facts);
    let taken = facts.settings.bindings.iter().map(|one| one.name.as_str());
    let taken: Vec<&str> = taken.collect();
    let Some(edits) = page.take(&form, &taken) else {
        return page.answer();
    };
    let then = Then::of(&form);
    let done = async {
        let permit = permit.and::<EditSettings>()?;
        edit::apply(&app.engine, &permit, &facts.script.id, edits, then).await
    };
    match done.await {
        Ok(()) => {
            let place = place_of(&page.into_shell(), &facts.script.id);
            Redirect::to(&format!("{place}/settings?done={}", then.done())).into_response()
        }
        Err(error) => match edit::problem(&error) {
            Some(problem) => page.refused(problem),
            None => refused_in(page.into_shell(), &error),
        },
    }
}

fn page(shell: Shell, facts: &WorkerFacts) -> ImportPage {
    let back = format!("{}/settings", place_of(&shell, &facts.script.id));
    ImportPage::new(shell, back, Some(facts.is_latest_deployed()), None)
}

async fn worker(
    app: &App,
    permit: &Permit<DeployWorkers>,
    path: &WorkerPath,
) -> Result<WorkerFacts> {
    permit.and::<ViewWorkers>()?;
    app.engine.worker(permit, &path.name()?).await
}
