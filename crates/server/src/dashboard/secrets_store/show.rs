//! A secret's own page: all that is known of it but the value.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use coffer_engine::{Engine, Permit, Result, SecretUse, ViewAudit, ViewSecrets};
use coffer_protocol::secrets_store::Secret;
use coffer_protocol::usage::{ReadsUsage, WorkerUsage};
use coffer_types::{Permission, SecretStatus};
use serde::Deserialize;

use super::graph::{self, Graph};
use super::place::{SecretPlace, list_of, page_of};
use super::range::Range;
use super::snippets::{Snippet, binding_of, snippets};
use super::trail::{Line, trail};
use crate::app::App;
use crate::dashboard::chart::Chart;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Visit, refused_in};

/// Workers that the table has; a secret may be bound to hundreds.
const MAX_LISTED: usize = 100;

#[derive(Template)]
#[template(path = "secrets_store/show.html")]
struct SecretPage {
    shell: Shell,
    /// The address of the list.
    list: String,
    /// The address of this page.
    here: String,
    found: Found,
    range: Range,
}

/// What the page tells.
struct Found {
    secret: Secret,
    used: SecretUse,
    workers: Vec<UsingWorker>,
    /// Workers that are left out.
    further: usize,
    graph: Option<Graph>,
    chart: Chart,
    snippets: [Snippet; 2],
    binding: String,
    /// `None` for whoever may not see the audit log.
    trail: Option<Vec<Line>>,
}

/// A Worker that binds the secret, or once read it.
struct UsingWorker {
    name: String,
    /// Whether the Worker is still there.
    exists: bool,
    bound: bool,
    deployed: bool,
    /// Such as `Version 3 · 40 %`.
    versions: Vec<String>,
    /// Versions that are left out.
    further: u32,
    reads: Option<ReadsUsage>,
}

/// The query of the page's address.
#[derive(Deserialize)]
pub(super) struct Parameters {
    #[serde(default)]
    range: String,
}

/// Shows the secret.
pub(super) async fn show(
    State(app): State<App>,
    place: Path<SecretPlace>,
    Visit { permit, shell }: Visit<ViewSecrets>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let range = Range::named(&parameters.range);
    match find(&app.engine, &permit, &place, range).await {
        Ok(found) => respond(&SecretPage {
            list: list_of(&shell, &found.secret, ""),
            here: page_of(&shell, &found.secret),
            shell,
            found,
            range,
        }),
        Err(error) => refused_in(shell, &error),
    }
}

async fn find(
    engine: &Engine,
    permit: &Permit<ViewSecrets>,
    place: &Path<SecretPlace>,
    range: Range,
) -> Result<Found> {
    let secret = SecretPlace::secret(place, engine, permit).await?;
    let id = secret.id;
    let usage = engine.secret_usage(permit, id).await?;
    let uses = engine.uses_of_secrets(permit, &[id]).await?;
    let reads = engine.secret_reads(permit, id, range.division()).await?;
    let reads: Vec<_> = reads.iter().map(|part| (part.begin, part.reads)).collect();
    let trail = match permit.and::<ViewAudit>() {
        Ok(audit) => Some(trail(engine, &audit, id).await?),
        Err(_) => None,
    };
    Ok(Found {
        used: uses.get(&id).copied().unwrap_or_default(),
        workers: usage.workers.iter().take(MAX_LISTED).map(line).collect(),
        further: usage.workers.len().saturating_sub(MAX_LISTED),
        graph: Graph::of(&usage),
        chart: Chart::of(&reads),
        snippets: snippets(&secret),
        binding: binding_of(secret.name.as_str()),
        trail,
        secret,
    })
}

fn line(worker: &WorkerUsage) -> UsingWorker {
    /// Versions that a line names.
    const NAMED: usize = 3;
    let mut versions: Vec<_> = worker.versions.iter().collect();
    versions.sort_by_key(|version| !version.deployed);
    versions.truncate(NAMED);
    let named = u32::try_from(versions.len()).unwrap_or(u32::MAX);
    UsingWorker {
        name: graph::name_of(worker),
        exists: worker.worker_name.is_some(),
        bound: worker.bound,
        deployed: worker.deployed,
        versions: versions
            .into_iter()
            .map(|version| graph::version_label(worker, version))
            .collect(),
        further: worker.version_count.saturating_sub(named),
        reads: worker.reads,
    }
}
