//! A Worker at a glance: where it answers, what its traffic goes to, and what it is bound to.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use coffer_engine::{Permit, Result, Slice, ViewWorkers, WorkerFacts};

use super::binding_line::BindingLine;
use super::head::{Head, Part, WorkerPath};
use super::traffic::TrafficCharts;
use super::version_line::VersionLine;
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Visit, refused_in};
use serde::Deserialize;

/// Versions that the page shows; the others are a link away.
const LATEST: u32 = 5;

#[derive(Template)]
#[template(path = "workers/overview.html")]
struct OverviewPage {
    shell: Shell,
    head: Head,
    about: About,
    traffic: TrafficCharts,
}

/// What the page tells.
struct About {
    facts: WorkerFacts,
    /// The versions that traffic goes to.
    serving: Vec<VersionLine>,
    latest: Vec<VersionLine>,
    bindings: Vec<BindingLine>,
    /// Host names and routes besides its own address.
    places: Vec<String>,
    crons: Vec<String>,
}

/// The query of the page's address.
#[derive(Deserialize)]
pub(super) struct Parameters {
    #[serde(default)]
    range: String,
}

/// Shows a Worker.
pub(super) async fn show(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Visit { permit, shell }: Visit<ViewWorkers>,
    Query(parameters): Query<Parameters>,
) -> Response {
    match about(&app, &permit, &path).await {
        Ok(about) => respond(&OverviewPage {
            head: Head::new(&app, &permit, &shell, &about.facts, Part::Overview),
            shell,
            traffic: TrafficCharts::of(&app, about.facts.script.tag, &parameters.range),
            about,
        }),
        Err(error) => refused_in(shell, &error),
    }
}

async fn about(app: &App, permit: &Permit<ViewWorkers>, path: &WorkerPath) -> Result<About> {
    let name = path.name()?;
    let facts = app.engine.worker(permit, &name).await?;
    let mut serving = Vec::new();
    for share in facts.deployment.iter().flat_map(|active| &active.versions) {
        let version = app.engine.version(permit, &name, share.version_id).await?;
        serving.push(VersionLine::new(app, permit, &facts, &version));
    }
    let newest = Slice {
        limit: LATEST,
        offset: 0,
    };
    let latest = app
        .engine
        .list_versions(permit, &name, false, newest)
        .await?;
    let latest = latest.versions.iter();
    let latest = latest.map(|version| VersionLine::new(app, permit, &facts, version));
    Ok(About {
        serving,
        latest: latest.collect(),
        bindings: facts
            .settings
            .bindings
            .iter()
            .map(BindingLine::from)
            .collect(),
        places: places(app, permit, &facts).await?,
        crons: crons(app, permit, &facts).await?,
        facts,
    })
}

/// The host names and the patterns of routes at which a Worker answers besides its own address.
pub(super) async fn places(
    app: &App,
    permit: &Permit<ViewWorkers>,
    facts: &WorkerFacts,
) -> Result<Vec<String>> {
    let name = &facts.script.id;
    let domains = app.engine.custom_domains(permit).await?;
    let own = domains.iter().filter(|domain| domain.service == *name);
    let mut places: Vec<String> = own.map(|domain| domain.hostname.to_string()).collect();
    let routes = app.engine.routes_of_worker(permit, name).await?;
    places.extend(routes.iter().map(|route| route.pattern.to_string()));
    Ok(places)
}

/// When a Worker is run besides.
pub(super) async fn crons(
    app: &App,
    permit: &Permit<ViewWorkers>,
    facts: &WorkerFacts,
) -> Result<Vec<String>> {
    let schedules = app.engine.schedules(permit, &facts.script.id).await?;
    Ok(schedules.iter().map(|one| one.cron.to_string()).collect())
}
