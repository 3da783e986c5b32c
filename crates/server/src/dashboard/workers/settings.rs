//! A Worker's settings: variables and secrets, bindings, where it answers, and its end.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use coffer_engine::{Permit, Result, ViewWorkers, WorkerFacts};
use coffer_types::Permission;

use super::binding_line::BindingLine;
use super::head::{Head, Part, WorkerPath};
use super::overview::{crons, places};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Visit, refused_in};

#[derive(Template)]
#[template(path = "workers/settings.html")]
struct SettingsPage {
    shell: Shell,
    head: Head,
    about: About,
}

struct About {
    facts: WorkerFacts,
    variables: Vec<BindingLine>,
    bindings: Vec<BindingLine>,
    places: Vec<String>,
    crons: Vec<String>,
}

/// Shows the settings.
pub(super) async fn show(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Visit { permit, shell }: Visit<ViewWorkers>,
) -> Response {
    match about(&app, &permit, &path).await {
        Ok(about) => respond(&SettingsPage {
            head: Head::new(&app, &permit, &shell, &about.facts, Part::Settings),
            shell,
            about,
        }),
        Err(error) => refused_in(shell, &error),
    }
}

async fn about(app: &App, permit: &Permit<ViewWorkers>, path: &WorkerPath) -> Result<About> {
    let facts = app.engine.worker(permit, &path.name()?).await?;
    let lines = facts.settings.bindings.iter().map(BindingLine::from);
    let (variables, bindings) = lines.partition(|line| line.variable);
    Ok(About {
        variables,
        bindings,
        places: places(app, permit, &facts).await?,
        crons: crons(app, permit, &facts).await?,
        facts,
    })
}

impl SettingsPage {
    /// Whether variables can be changed.
    fn deploys(&self) -> bool {
        self.shell.permits(Permission::DeployWorkers) && self.about.facts.latest.is_some()
    }

    /// Whether secrets of stores can be bound.
    fn binds(&self) -> bool {
        self.shell.permits(Permission::BindSecrets) && self.about.facts.latest.is_some()
    }

    /// Whether a binding can be removed.
    fn removes(&self, line: &BindingLine) -> bool {
        let edits = self.shell.permits(Permission::EditBindings);
        self.deploys() || line.of_store && (self.binds() || edits)
    }
}
