//! The pages that remove a variable, a secret or a binding from a Worker, or turn a text into a secret.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{
    EditSettings, Error, Missing, NewBindingKind, Permit, Result, SecretValue, WorkerFacts,
};
use coffer_protocol::workers::{BindingShape, BindingShapeKind};
use coffer_types::Permission;
use serde::Deserialize;

use super::binding_line::BindingLine;
use super::edit::{self, Then};
use super::head::{WorkerPath, place_of};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

#[derive(Template)]
#[template(path = "workers/change.html")]
struct ChangePage {
    shell: Shell,
    back: String,
    binding: BindingLine,
    change: Change,
    deployable: bool,
    problem: Option<String>,
}

/// What is done to a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Remove,
    Encrypt,
}

/// The binding that a page's address names.
#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(default)]
    name: String,
}

/// Asks whether to remove a binding.
pub(super) async fn show(
    state: State<App>,
    path: Path<WorkerPath>,
    named: Query<Named>,
    visit: Visit<EditSettings>,
) -> Response {
    ask(Change::Remove, state, path, named, visit).await
}

/// Removes a binding.
pub(super) async fn remove(
    state: State<App>,
    path: Path<WorkerPath>,
    named: Query<Named>,
    submit: Submit<EditSettings>,
) -> Response {
    carry_out(Change::Remove, state, path, named, submit).await
}

/// Asks whether to turn a text into a secret.
pub(super) async fn show_encrypt(
    state: State<App>,
    path: Path<WorkerPath>,
    named: Query<Named>,
    visit: Visit<EditSettings>,
) -> Response {
    ask(Change::Encrypt, state, path, named, visit).await
}

/// Turns a text into a secret with that text as its value.
pub(super) async fn encrypt(
    state: State<App>,
    path: Path<WorkerPath>,
    named: Query<Named>,
    submit: Submit<EditSettings>,
) -> Response {
    carry_out(Change::Encrypt, state, path, named, submit).await
}

async fn ask(
    change: Change,
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Query(Named { name }): Query<Named>,
    Visit { permit, shell }: Visit<EditSettings>,
) -> Response {
    match read(&app, &permit, &path, &name, change).await {
        Ok((facts, binding)) => respond(&ChangePage::new(shell, &facts, &binding, change)),
        Err(error) => refused_in(shell, &error),
    }
}

async fn carry_out(
    change: Change,
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Query(Named { name }): Query<Named>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<EditSettings>,
) -> Response {
    let (facts, binding) = match read(&app, &permit, &path, &name, change).await {
        Ok(found) => found,
        Err(error) => return refused_in(shell, &error),
    };
    let then = Then::of(&form);
    let edits = vec![(binding.name.clone(), change.kind(&binding))];
    match edit::apply(&app.engine, &permit, &facts.script.id, edits, then).await {
        Ok(()) => {
            let place = place_of(&shell, &facts.script.id);
            Redirect::to(&format!("{place}/settings?done={}", then.done())).into_response()
        }
        Err(error) => match edit::problem(&error) {
            Some(problem) => {
                let mut page = ChangePage::new(shell, &facts, &binding, change);
                page.problem = Some(problem);
                respond_with(StatusCode::BAD_REQUEST, &page)
            }
            None => refused_in(shell, &error),
        },
    }
}

/// The Worker, and the binding that the address names.
async fn read(
    app: &App,
    permit: &Permit<EditSettings>,
    path: &WorkerPath,
    name: &str,
    change: Change,
) -> Result<(WorkerFacts, BindingShape)> {
    let facts = app.engine.worker(permit, &path.name()?).await?;
    let mut bindings = facts.settings.bindings.iter();
    let found = bindings.find(|one| one.name.as_str() == name);
    let found = found.ok_or(Missing::WorkerSecret)?.clone();
    let line = BindingLine::from(&found);
    if change == Change::Encrypt && !line.is_text() {
        return Err(Missing::WorkerSecret.into());
    }
    // Who may only bind secrets of stores may remove only such bindings.
    let is_permitted = line.of_store || permit.also_permits(Permission::DeployWorkers);
    if !is_permitted {
        return Err(Error::Denied);
    }
    Ok((facts, found))
}

impl Change {
    /// What the binding is to be; `None` if it is to go.
    fn kind(self, binding: &BindingShape) -> Option<NewBindingKind> {
        match (self, &binding.kind) {
            (Self::Encrypt, BindingShapeKind::PlainText { text }) => {
                let value = SecretValue::new(text.clone());
                Some(NewBindingKind::SecretText { value })
            }
            _ => None,
        }
    }
}

impl ChangePage {
    fn new(shell: Shell, facts: &WorkerFacts, binding: &BindingShape, change: Change) -> Self {
        Self {
            back: format!("{}/settings", place_of(&shell, &facts.script.id)),
            shell,
            binding: binding.into(),
            change,
            deployable: facts.is_latest_deployed(),
            problem: None,
        }
    }

    fn encrypts(&self) -> bool {
        self.change == Change::Encrypt
    }
}
