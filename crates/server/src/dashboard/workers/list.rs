//! The list of Workers and Pages projects.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use coffer_engine::{Permit, Result, Slice, ViewPages, ViewWorkers, WorkerFacts};
use coffer_protocol::pages::Project;
use coffer_types::{Permission, Timestamp, VersionId};
use serde::Deserialize;

use super::head::address_of;
use super::version_line::percent;
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::respond;
use crate::dashboard::pager::{Pager, query};
use crate::dashboard::refusal::refused;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::Visit;

/// Lines on one page: what a screen holds without scrolling far.
const PAGE_SIZE: u32 = 50;
/// Pages projects that the list looks at; accounts have fewer.
const MOST_PROJECTS: u32 = 1000;
/// The columns that the list is sorted by, and their words in the address.
const COLUMNS: [(&str, &str); 2] = [("name", "Name"), ("changed", "Changed")];

#[derive(Template)]
#[template(path = "workers/list.html")]
struct ListPage {
    shell: Shell,
    asked: Asked,
    lines: Vec<Line>,
    pager: Pager,
    api_url: String,
}

/// A Worker or a Pages project.
struct Line {
    name: String,
    href: String,
    is_pages: bool,
    address: Option<String>,
    /// What its traffic goes to, in words; empty if nothing is deployed.
    deployed: String,
    /// How many versions it has had.
    versions: Option<u32>,
    changed: Timestamp,
}

/// The query of the page's address. Whatever is none of ours counts as nothing.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Parameters {
    search: String,
    order: String,
    page: String,
}

/// What the list shows.
struct Asked {
    search: String,
    /// The word of a column, with `-` before it for the other direction.
    order: String,
    page: u64,
    place: String,
}

/// The heading of a column that the list is sorted by.
struct Column {
    label: &'static str,
    href: String,
    sorted: Option<&'static str>,
}

/// Shows the list.
pub(super) async fn show(
    State(app): State<App>,
    Visit { permit, shell }: Visit<ViewWorkers>,
    Query(parameters): Query<Parameters>,
) -> Response {
    match page(&app, &permit, shell, parameters).await {
        Ok(page) => respond(&page),
        Err(error) => refused(&error),
    }
}

async fn page(
    app: &App,
    permit: &Permit<ViewWorkers>,
    shell: Shell,
    parameters: Parameters,
) -> Result<ListPage> {
    let asked = Asked::new(parameters, shell.place("workers"));
    let workers = app.engine.list_workers(permit).await?;
    let numbers = numbers(app, permit, &workers).await?;
    let workers = workers
        .iter()
        .map(|facts| worker(app, permit, &shell, facts, &numbers));
    let mut lines: Vec<Line> = workers.collect();
    if let Ok(permit) = permit.and::<ViewPages>() {
        let all = Slice {
            limit: MOST_PROJECTS,
            offset: 0,
        };
        let projects = app.engine.list_pages_projects(&permit, all).await?.projects;
        lines.extend(projects.iter().map(|one| project(app, &shell, one)));
    }
    asked.narrow(&mut lines);
    let total = lines.len() as u64;
    let pager = Pager::new(asked.page, PAGE_SIZE, total, |page| {
        asked.address(&asked.order, page)
    });
    let size = PAGE_SIZE as usize;
    let before = usize::try_from(asked.page - 1).unwrap_or(usize::MAX);
    let lines = lines
        .into_iter()
        .skip(before.saturating_mul(size))
        .take(size);
    Ok(ListPage {
        shell,
        lines: lines.collect(),
        asked,
        pager,
        api_url: format!("{}{}", app.public_url, crate::api::PREFIX),
    })
}

/// The numbers of the versions that traffic goes to.
async fn numbers(
    app: &App,
    permit: &Permit<ViewWorkers>,
    workers: &[WorkerFacts],
) -> Result<HashMap<VersionId, u32>> {
    let deployments = workers.iter().filter_map(|facts| facts.deployment.as_ref());
    let shares = deployments.flat_map(|active| &active.versions);
    let ids: Vec<VersionId> = shares.map(|share| share.version_id).collect();
    app.engine.version_numbers(permit, &ids).await
}

fn worker(
    app: &App,
    permit: &Permit<ViewWorkers>,
    shell: &Shell,
    facts: &WorkerFacts,
    numbers: &HashMap<VersionId, u32>,
) -> Line {
    let name = facts.script.id.to_string();
    let shares = facts.deployment.iter().flat_map(|active| &active.versions);
    let shares = shares.map(|share| match numbers.get(&share.version_id) {
        Some(number) => format!("v{number} {}", percent(share.percentage)),
        None => format!("{} {}", share.version_id.short(), percent(share.percentage)),
    });
    let answers = facts.subdomain.enabled && facts.deployment.is_some();
    Line {
        href: shell.place(&format!("workers/{name}")),
        is_pages: false,
        address: answers.then(|| address_of(app, permit, &name)).flatten(),
        deployed: shares.collect::<Vec<_>>().join(" · "),
        versions: facts.latest.as_ref().map(|latest| latest.number),
        changed: facts.script.modified_on,
        name,
    }
}

fn project(app: &App, shell: &Shell, project: &Project) -> Line {
    let live = project.canonical_deployment.as_ref();
    let latest = project.latest_deployment.as_ref();
    let label = format!("{}.pages", project.subdomain);
    Line {
        name: project.name.to_string(),
        href: shell.place(&format!("pages/{}", project.name)),
        is_pages: true,
        address: live.map(|_| app.workers_url.with_label(&label)),
        deployed: live.map_or_else(String::new, |live| live.short_id.clone()),
        versions: None,
        changed: latest.map_or(project.created_on, |latest| latest.created_on),
    }
}

impl Asked {
    fn new(parameters: Parameters, place: String) -> Self {
        let word = parameters.order.trim_start_matches('-');
        let known = COLUMNS.iter().any(|(column, _)| *column == word);
        Self {
            search: parameters.search.trim().to_owned(),
            order: if known {
                parameters.order
            } else {
                String::new()
            },
            page: parameters
                .page
                .parse()
                .unwrap_or(1)
                .clamp(1, u64::from(u32::MAX)),
            place,
        }
    }

    /// Leaves the lines that are searched for, in the order that is asked for.
    fn narrow(&self, lines: &mut Vec<Line>) {
        let wanted = self.search.to_lowercase();
        lines.retain(|line| line.name.to_lowercase().contains(&wanted));
        lines.sort_by(|one, other| one.name.cmp(&other.name));
        match self.order.as_str() {
            "-name" => lines.reverse(),
            "changed" => lines.sort_by_key(|line| line.changed),
            "-changed" => lines.sort_by_key(|line| std::cmp::Reverse(line.changed)),
            _ => {}
        }
    }

    fn columns(&self) -> [Column; 2] {
        COLUMNS.map(|(word, label)| {
            let current = if self.order.is_empty() {
                "name"
            } else {
                &self.order
            };
            let turned = format!("-{word}");
            let (next, sorted) = if current == word {
                (turned.as_str(), Some("ascending"))
            } else if current == turned {
                (word, Some("descending"))
            } else if word == "changed" {
                // The newest first is what is looked for.
                (turned.as_str(), None)
            } else {
                (word, None)
            };
            Column {
                label,
                href: self.address(next, 1),
                sorted,
            }
        })
    }

    fn address(&self, order: &str, page: u64) -> String {
        let page = if page == 1 {
            String::new()
        } else {
            page.to_string()
        };
        let parameters = [
            ("search", self.search.as_str()),
            ("order", order),
            ("page", page.as_str()),
        ];
        format!("{}{}", self.place, query(&parameters))
    }
}
