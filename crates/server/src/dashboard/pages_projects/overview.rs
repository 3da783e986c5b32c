//! A project's deployments.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use coffer_engine::{Permit, Result, Slice, ViewPages};
use coffer_protocol::pages::{Deployment, Project};
use coffer_types::{PagesEnvironment, Permission, Timestamp, VersionId};

use super::head::{Head, ProjectPath};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Visit, refused_in};

/// Deployments that the page shows; older ones are in the API.
const NEWEST: u32 = 50;

#[derive(Template)]
#[template(path = "pages_projects/overview.html")]
struct OverviewPage {
    shell: Shell,
    head: Head,
    project: Project,
    lines: Vec<Line>,
    total: u32,
}

/// A deployment as the list shows it.
struct Line {
    id: VersionId,
    short: String,
    address: String,
    aliases: Vec<String>,
    production: bool,
    /// Whether it answers at the project's own address.
    live: bool,
    branch: String,
    message: String,
    created: Timestamp,
}

/// Shows the project.
pub(super) async fn show(
    State(app): State<App>,
    Path(path): Path<ProjectPath>,
    Visit { permit, shell }: Visit<ViewPages>,
) -> Response {
    match read(&app, &permit, &path).await {
        Ok((project, lines, total)) => respond(&OverviewPage {
            head: Head::new(&app, &shell, &project, false),
            shell,
            project,
            lines,
            total,
        }),
        Err(error) => refused_in(shell, &error),
    }
}

async fn read(
    app: &App,
    permit: &Permit<ViewPages>,
    path: &ProjectPath,
) -> Result<(Project, Vec<Line>, u32)> {
    let name = path.name()?;
    let project = app.engine.pages_project(permit, &name).await?;
    let newest = Slice {
        limit: NEWEST,
        offset: 0,
    };
    let found = app
        .engine
        .list_pages_deployments(permit, &name, None, newest);
    let found = found.await?;
    let live = project.canonical_deployment.as_ref().map(|live| live.id);
    let lines = found.deployments.iter();
    let lines = lines.map(|one| Line::new(app, one, live == Some(one.id)));
    Ok((project, lines.collect(), found.total))
}

impl Line {
    fn new(app: &App, deployment: &Deployment, live: bool) -> Self {
        let told = &deployment.deployment_trigger.metadata;
        let aliases = deployment.aliases.iter().flatten();
        Self {
            id: deployment.id,
            short: deployment.short_id.clone(),
            address: app.workers_url.with_label(&deployment.url),
            aliases: aliases.map(|one| app.workers_url.with_label(one)).collect(),
            production: deployment.environment == PagesEnvironment::Production,
            live,
            branch: told.branch.to_string(),
            message: told
                .commit_message
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
            created: deployment.created_on,
        }
    }
}

impl OverviewPage {
    /// Whether there are more than the page shows.
    fn is_cut(&self) -> bool {
        self.lines.len() < usize::try_from(self.total).unwrap_or(usize::MAX)
    }
}
