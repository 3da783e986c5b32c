//! What a Worker's traffic went to, and the versions that it can go to.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use coffer_engine::{Permit, Result, Slice, ViewWorkers, WorkerFacts};
use coffer_protocol::workers::Deployment;
use coffer_types::limits::DEPLOYABLE_VERSIONS;
use coffer_types::{Permission, Timestamp, VersionId};
use serde::Deserialize;

use super::head::{Head, Part, WorkerPath};
use super::version_line::{VersionLine, percent};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Visit, refused_in};

/// Lines of each list unless all are asked for.
const FIRST: usize = 20;

#[derive(Template)]
#[template(path = "workers/deployments.html")]
struct DeploymentsPage {
    shell: Shell,
    head: Head,
    lists: Lists,
}

/// What the page lists.
struct Lists {
    facts: WorkerFacts,
    serving: Vec<VersionLine>,
    versions: Vec<VersionLine>,
    deployments: Vec<DeploymentLine>,
    /// Whether the lists end before their ends.
    cut: bool,
}

/// A deployment as the list shows it.
struct DeploymentLine {
    shares: Vec<ShareLine>,
    message: String,
    author: String,
    source: String,
    created: Timestamp,
    active: bool,
    /// What a form that deploys the same again begins with.
    again: String,
}

struct ShareLine {
    version: String,
    percent: String,
}

/// Whether all lines are asked for.
#[derive(Deserialize)]
pub(super) struct Parameters {
    #[serde(default)]
    all: String,
}

/// Shows the lists.
pub(super) async fn show(
    State(app): State<App>,
    Path(path): Path<WorkerPath>,
    Query(parameters): Query<Parameters>,
    Visit { permit, shell }: Visit<ViewWorkers>,
) -> Response {
    let most = if parameters.all.is_empty() {
        FIRST
    } else {
        usize::MAX
    };
    match lists(&app, &permit, &path, most).await {
        Ok(lists) => respond(&DeploymentsPage {
            head: Head::new(&app, &permit, &shell, &lists.facts, Part::Deployments),
            shell,
            lists,
        }),
        Err(error) => refused_in(shell, &error),
    }
}

async fn lists(
    app: &App,
    permit: &Permit<ViewWorkers>,
    path: &WorkerPath,
    most: usize,
) -> Result<Lists> {
    let name = path.name()?;
    let facts = app.engine.worker(permit, &name).await?;
    let versions = deployable(app, permit, &facts).await?;
    let deployments = app.engine.list_deployments(permit, &name).await?;
    let numbers: BTreeMap<VersionId, u32> =
        versions.iter().map(|one| (one.id, one.number)).collect();
    let cut = versions.len() > most || deployments.len() > most;
    let active = facts.deployment.as_ref().map(|active| active.id);
    let lines = deployments.iter().take(most);
    let lines = lines.map(|one| DeploymentLine::new(one, &numbers, active == Some(one.id)));
    let deployments = lines.collect();
    let (mut serving, others): (Vec<_>, Vec<_>) =
        versions.into_iter().partition(|one| one.share.is_some());
    serving.sort_by_key(|one| std::cmp::Reverse(one.share));
    let mut versions: Vec<VersionLine> = others.into_iter().take(most).collect();
    versions.sort_by_key(|one| std::cmp::Reverse(one.number));
    Ok(Lists {
        facts,
        serving,
        versions,
        deployments,
        cut,
    })
}

/// The versions that a deployment may name, the newest first.
pub(super) async fn deployable(
    app: &App,
    permit: &Permit<ViewWorkers>,
    facts: &WorkerFacts,
) -> Result<Vec<VersionLine>> {
    let all = Slice {
        limit: DEPLOYABLE_VERSIONS,
        offset: 0,
    };
    let found = app
        .engine
        .list_versions(permit, &facts.script.id, true, all);
    let found = found.await?.versions;
    let lines = found.iter();
    let mut lines: Vec<VersionLine> = lines
        .map(|version| VersionLine::new(app, permit, facts, version))
        .collect();
    // One that serves may be older than those.
    for share in facts.deployment.iter().flat_map(|active| &active.versions) {
        if !lines.iter().any(|line| line.id == share.version_id) {
            let version = app
                .engine
                .version(permit, &facts.script.id, share.version_id);
            lines.push(VersionLine::new(app, permit, facts, &version.await?));
        }
    }
    Ok(lines)
}

impl DeploymentLine {
    fn new(deployment: &Deployment, numbers: &BTreeMap<VersionId, u32>, active: bool) -> Self {
        let annotation = deployment.annotations.get("workers/message");
        let shares = deployment.versions.iter().map(|share| ShareLine {
            version: match numbers.get(&share.version_id) {
                Some(number) => format!("v{number}"),
                None => share.version_id.short(),
            },
            percent: percent(share.percentage),
        });
        let known =
            |share: &coffer_types::deployment::Share| numbers.contains_key(&share.version_id);
        let again = if active || !deployment.versions.iter().all(known) {
            String::new()
        } else {
            again(deployment)
        };
        Self {
            shares: shares.collect(),
            message: annotation.cloned().unwrap_or_default(),
            author: match &deployment.author_email {
                Some(email) => email.to_string(),
                None => "an API token".to_owned(),
            },
            source: deployment.source.clone(),
            created: deployment.created_on,
            active,
            again,
        }
    }
}

/// The query of the form that deploys the same again.
fn again(deployment: &Deployment) -> String {
    match deployment.versions.as_slice() {
        [one] => format!("?version={}&rollback=1", one.version_id),
        [one, other, ..] => format!(
            "?version={}&percentage={}&other={}&rollback=1",
            one.version_id,
            f64::from(one.percentage.hundredths()) / 100.0,
            other.version_id
        ),
        [] => String::new(),
    }
}
