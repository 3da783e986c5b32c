//! One version of a Worker.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use coffer_engine::{Missing, Permit, Result, ViewWorkers, WorkerFacts};
use coffer_protocol::workers::Version;
use coffer_types::Permission;
use serde::Deserialize;

use super::binding_line::BindingLine;
use super::head::{Head, Part, WorkerPath};
use super::version_line::VersionLine;
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Visit, refused_in};

#[derive(Template)]
#[template(path = "workers/version.html")]
struct VersionPage {
    shell: Shell,
    head: Head,
    version: Version,
    line: VersionLine,
    bindings: Vec<BindingLine>,
}

/// The version in the page's address.
#[derive(Deserialize)]
pub(super) struct VersionPath {
    version: String,
}

/// Shows the version.
pub(super) async fn show(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Path(VersionPath { version }): Path<VersionPath>,
    Visit { permit, shell }: Visit<ViewWorkers>,
) -> Response {
    match read(&app, &permit, &path, &version).await {
        Ok((facts, version)) => respond(&VersionPage {
            head: Head::new(&app, &permit, &shell, &facts, Part::Deployments),
            line: VersionLine::new(&app, &permit, &facts, &version),
            bindings: version
                .resources
                .bindings
                .iter()
                .map(BindingLine::from)
                .collect(),
            shell,
            version,
        }),
        Err(error) => refused_in(shell, &error),
    }
}

async fn read(
    app: &App,
    permit: &Permit<ViewWorkers>,
    path: &WorkerPath,
    version: &str,
) -> Result<(WorkerFacts, Version)> {
    let name = path.name()?;
    let facts = app.engine.worker(permit, &name).await?;
    let id = version.parse().map_err(|_| Missing::Version)?;
    let version = app.engine.version(permit, &name, id).await?;
    Ok((facts, version))
}

impl VersionPage {
    /// What made the version, if that is known.
    fn trigger(&self) -> Option<&str> {
        self.version
            .annotations
            .get("workers/triggered_by")
            .map(String::as_str)
    }

    fn flags(&self) -> String {
        self.version
            .resources
            .script_runtime
            .compatibility_flags
            .join(", ")
    }

    fn handlers(&self) -> String {
        self.version.resources.script.handlers.join(", ")
    }
}
