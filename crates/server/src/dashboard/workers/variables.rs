//! The form that adds variables and secrets to a Worker, several at once, and that edits one.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{
    DeployWorkers, EditSettings, Error, Missing, Permit, Problem, Result, ViewWorkers, WorkerFacts,
};
use coffer_types::limits::MAX_VARIABLE_BYTES;
use serde::Deserialize;

use super::edit::{self, Then};
use super::head::{WorkerPath, place_of};
use super::variable_form::{Item, KINDS, item_of, parse, read};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::refusal::sentence;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};

#[derive(Template)]
#[template(path = "workers/variables.html")]
struct VariablesPage {
    shell: Shell,
    back: String,
    items: Vec<Item>,
    /// Whether it is one that is there, whose name stays.
    edits: bool,
    deployable: bool,
    problem: Option<String>,
}

/// The variable that is edited; empty if new ones are added.
#[derive(Deserialize)]
pub(super) struct Edited {
    #[serde(default)]
    name: String,
}

impl VariablesPage {
    fn new(shell: Shell, facts: &WorkerFacts, items: Vec<Item>, edited: &Edited) -> Self {
        Self {
            back: format!("{}/settings", place_of(&shell, &facts.script.id)),
            shell,
            items,
            edits: edited.is_one(),
            deployable: facts.is_latest_deployed(),
            problem: None,
        }
    }

    /// Puts what is wrong beside its field or above all; whether there is a place for it.
    fn tell(&mut self, error: &Error) -> bool {
        if let Error::Invalid(problems) = error {
            for one in problems {
                let Problem::VariableTooLarge { name, .. } = &one.problem else {
                    continue;
                };
                let mut items = self.items.iter_mut();
                if let Some(item) = items.find(|item| item.name == name.as_str()) {
                    item.value_problem = Some(sentence(&one.problem));
                    return true;
                }
            }
        }
        self.problem = edit::problem(error);
        self.problem.is_some()
    }
}

impl Edited {
    fn is_one(&self) -> bool {
        !self.name.is_empty()
    }
}

/// Shows the form: empty, or with the variable that is edited.
pub(super) async fn show(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Query(edited): Query<Edited>,
    Visit { permit, shell }: Visit<DeployWorkers>,
) -> Response {
    match start(&app, &permit, &path, &edited).await {
        Ok((facts, item)) => respond(&VariablesPage::new(shell, &facts, vec![item], &edited)),
        Err(error) => refused_in(shell, &error),
    }
}

/// Sets the variables in one version: all of them, or none.
pub(super) async fn save(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Query(edited): Query<Edited>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<DeployWorkers>,
) -> Response {
    let facts = match start(&app, &permit, &path, &edited).await {
        Ok((facts, _)) => facts,
        Err(error) => return refused_in(shell, &error),
    };
    let (mut items, values) = read(&form);
    if form.has("add") {
        items.push(Item::default());
        return respond(&VariablesPage::new(shell, &facts, items, &edited));
    }
    if edited.is_one() {
        items.truncate(1);
        for item in &mut items {
            item.name.clone_from(&edited.name);
        }
    }
    let taken = facts.settings.bindings.iter().map(|one| one.name.as_str());
    let taken: Vec<&str> = taken.filter(|name| *name != edited.name).collect();
    let Some(edits) = parse(&mut items, values, &taken) else {
        let page = VariablesPage::new(shell, &facts, items, &edited);
        return respond_with(StatusCode::BAD_REQUEST, &page);
    };
    let then = Then::of(&form);
    let done = async {
        let permit = permit.and::<EditSettings>()?;
        edit::apply(&app.engine, &permit, &facts.script.id, edits, then).await
    };
    match done.await {
        Ok(()) => {
            let place = place_of(&shell, &facts.script.id);
            Redirect::to(&format!("{place}/settings?done={}", then.done())).into_response()
        }
        Err(error) => {
            let mut page = VariablesPage::new(shell, &facts, items, &edited);
            if page.tell(&error) {
                respond_with(StatusCode::BAD_REQUEST, &page)
            } else {
                refused_in(page.shell, &error)
            }
        }
    }
}

/// The Worker, and what the form begins with.
async fn start(
    app: &App,
    permit: &Permit<DeployWorkers>,
    path: &WorkerPath,
    edited: &Edited,
) -> Result<(WorkerFacts, Item)> {
    permit.and::<ViewWorkers>()?;
    let facts = app.engine.worker(permit, &path.name()?).await?;
    if !edited.is_one() {
        return Ok((facts, Item::default()));
    }
    let mut bindings = facts.settings.bindings.iter();
    let found = bindings.find(|one| one.name.as_str() == edited.name);
    let item = found.and_then(item_of).ok_or(Missing::WorkerSecret)?;
    Ok((facts, item))
}
