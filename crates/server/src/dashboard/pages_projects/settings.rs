//! A project's settings: variables and secrets of production and of previews, and its end.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use coffer_engine::{Permit, Result, ViewPages};
use coffer_protocol::pages::{Configuration, Project};
use coffer_types::{PagesEnvironment, Permission};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::head::{Head, ProjectPath};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Visit, refused_in};

#[derive(Template)]
#[template(path = "pages_projects/settings.html")]
struct SettingsPage {
    shell: Shell,
    head: Head,
    project: Project,
    environments: [Environment; 2],
}

/// One environment of the project.
struct Environment {
    environment: PagesEnvironment,
    label: &'static str,
    lines: Vec<Line>,
}

/// A variable or a secret as the list shows it.
struct Line {
    name: String,
    encrypted: bool,
    text: String,
    /// Names it in the address of a form.
    query: String,
}

/// Shows the settings.
pub(super) async fn show(
    State(app): State<App>,
    Path(path): Path<ProjectPath>,
    Visit { permit, shell }: Visit<ViewPages>,
) -> Response {
    match read(&app, &permit, &path).await {
        Ok(project) => respond(&SettingsPage {
            head: Head::new(&app, &shell, &project, true),
            shell,
            environments: [
                Environment::new(
                    PagesEnvironment::Production,
                    "Production",
                    &project.deployment_configs.production,
                ),
                Environment::new(
                    PagesEnvironment::Preview,
                    "Preview",
                    &project.deployment_configs.preview,
                ),
            ],
            project,
        }),
        Err(error) => refused_in(shell, &error),
    }
}

async fn read(app: &App, permit: &Permit<ViewPages>, path: &ProjectPath) -> Result<Project> {
    app.engine.pages_project(permit, &path.name()?).await
}

impl Environment {
    fn new(environment: PagesEnvironment, label: &'static str, one: &Configuration) -> Self {
        let lines = one.env_vars.iter().map(|(name, variable)| {
            let encoded = utf8_percent_encode(name.as_str(), NON_ALPHANUMERIC);
            Line {
                name: name.to_string(),
                encrypted: variable.kind != "plain_text",
                text: variable.value.clone(),
                query: format!("?environment={environment}&name={encoded}"),
            }
        });
        Self {
            environment,
            label,
            lines: lines.collect(),
        }
    }
}
