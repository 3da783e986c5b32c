//! The form that adds variables and secrets to one environment of a project, several at once, and that edits one.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use coffer_engine::{
    DeployPages, Error, Missing, NewBindingKind, NewPagesVariable, PagesConfigurationChanges,
    PagesProjectChanges, Permit, Result, ViewPages,
};
use coffer_protocol::pages::Project;
use coffer_types::limits::MAX_VARIABLE_BYTES;
use coffer_types::{BindingName, PagesEnvironment, PagesProjectName};

use super::head::{Named, ProjectPath, place_of};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{respond, respond_with};
use crate::dashboard::refusal::sentence;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, Visit, refused_in};
use crate::dashboard::workers::variable_form::{Item, Kind, parse, read};

/// The kinds of variables that projects have.
const KINDS: [Kind; 2] = [Kind::Text, Kind::Secret];
/// What deployments know under the name that their code has for static files.
pub(super) const RESERVED: &str = "ASSETS";

#[derive(Template)]
#[template(path = "pages_projects/variables.html")]
struct VariablesPage {
    shell: Shell,
    back: String,
    items: Vec<Item>,
    edits: bool,
    environment: PagesEnvironment,
    problem: Option<String>,
}

/// Shows the form: empty, or with the variable that is edited.
pub(super) async fn show(
    State(app): State<App>,
    Path(path): Path<ProjectPath>,
    Query(named): Query<Named>,
    Visit { permit, shell }: Visit<DeployPages>,
) -> Response {
    match start(&app, &permit, &path, &named).await {
        Ok((project, item)) => respond(&VariablesPage::new(shell, &project, vec![item], &named)),
        Err(error) => refused_in(shell, &error),
    }
}

/// Sets the variables: all of them, or none.
pub(super) async fn save(
    State(app): State<App>,
    Path(path): Path<ProjectPath>,
    Query(named): Query<Named>,
    Submit {
        permit,
        shell,
        form,
    }: Submit<DeployPages>,
) -> Response {
    let project = match start(&app, &permit, &path, &named).await {
        Ok((project, _)) => project,
        Err(error) => return refused_in(shell, &error),
    };
    let (mut items, values) = read(&form);
    if form.has("add") {
        items.push(Item::default());
        return respond(&VariablesPage::new(shell, &project, items, &named));
    }
    if !named.name.is_empty() {
        items.truncate(1);
        for item in &mut items {
            item.name.clone_from(&named.name);
        }
    }
    let taken = variables(&project, named.environment()).map(|(name, _)| name.as_str());
    let taken = taken.filter(|name| *name != named.name);
    let taken: Vec<&str> = taken.chain([RESERVED]).collect();
    let Some(edits) = parse(&mut items, values, &taken) else {
        let page = VariablesPage::new(shell, &project, items, &named);
        return respond_with(StatusCode::BAD_REQUEST, &page);
    };
    let variables = edits.into_iter();
    let variables = variables.map(|(name, kind)| (name, kind.and_then(variable)));
    let variables = variables.collect();
    let changed = change(&app, &permit, &project.name, &named, variables).await;
    match changed {
        Ok(()) => {
            let place = place_of(&shell, &project.name);
            Redirect::to(&format!("{place}/settings?done=pages-saved")).into_response()
        }
        Err(Error::Invalid(problems)) => {
            let mut page = VariablesPage::new(shell, &project, items, &named);
            page.problem = problems.first().map(|one| sentence(&one.problem));
            respond_with(StatusCode::BAD_REQUEST, &page)
        }
        Err(error) => refused_in(shell, &error),
    }
}

/// Sets and removes variables of one environment.
pub(super) async fn change(
    app: &App,
    permit: &Permit<DeployPages>,
    project: &PagesProjectName,
    named: &Named,
    variables: Vec<(BindingName, Option<NewPagesVariable>)>,
) -> Result<()> {
    let changes = PagesConfigurationChanges {
        variables,
        ..PagesConfigurationChanges::default()
    };
    let mut all = PagesProjectChanges::default();
    match named.environment() {
        PagesEnvironment::Production => all.production = changes,
        PagesEnvironment::Preview => all.preview = changes,
    }
    let edited = app.engine.edit_pages_project(permit, project, all).await;
    edited.map(drop)
}

/// The project's variables in one environment: each name, and its text unless it is a secret.
pub(super) fn variables(
    project: &Project,
    environment: PagesEnvironment,
) -> impl Iterator<Item = (&BindingName, Option<&str>)> {
    let configurations = &project.deployment_configs;
    let one = match environment {
        PagesEnvironment::Production => &configurations.production,
        PagesEnvironment::Preview => &configurations.preview,
    };
    one.env_vars.iter().map(|(name, variable)| {
        let is_text = variable.kind == "plain_text";
        (name, is_text.then_some(variable.value.as_str()))
    })
}

pub(super) fn variable(kind: NewBindingKind) -> Option<NewPagesVariable> {
    match kind {
        NewBindingKind::PlainText { text } => Some(NewPagesVariable::PlainText(text)),
        NewBindingKind::Json { json } => Some(NewPagesVariable::PlainText(json.to_string())),
        NewBindingKind::SecretText { value } => Some(NewPagesVariable::Secret(value)),
        _ => None,
    }
}

/// The project, and what the form begins with.
async fn start(
    app: &App,
    permit: &Permit<DeployPages>,
    path: &ProjectPath,
    named: &Named,
) -> Result<(Project, Item)> {
    let view = permit.and::<ViewPages>()?;
    let project = app.engine.pages_project(&view, &path.name()?).await?;
    if named.name.is_empty() {
        return Ok((project, Item::default()));
    }
    let text = text_of(&project, named).ok_or(Missing::WorkerSecret)?;
    let item = Item {
        name: named.name.clone(),
        kind: if text.is_some() {
            Kind::Text
        } else {
            Kind::Secret
        },
        text: text.unwrap_or_default(),
        ..Item::default()
    };
    Ok((project, item))
}

/// The text of the variable that is named, if it has one; `None` if there is no such variable.
fn text_of(project: &Project, named: &Named) -> Option<Option<String>> {
    let mut found = variables(project, named.environment());
    let (_, text) = found.find(|(name, _)| name.as_str() == named.name)?;
    Some(text.map(str::to_owned))
}

impl VariablesPage {
    fn new(shell: Shell, project: &Project, items: Vec<Item>, named: &Named) -> Self {
        Self {
            back: format!("{}/settings", place_of(&shell, &project.name)),
            shell,
            items,
            edits: !named.name.is_empty(),
            environment: named.environment(),
            problem: None,
        }
    }
}
