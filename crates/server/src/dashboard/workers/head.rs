//! The Worker that a page is about: its name in the address, and what stands above each of its pages.

use coffer_engine::{Missing, Permit, Result, WorkerFacts};
use coffer_types::{Permission, WorkerName};
use serde::Deserialize;

use crate::app::App;
use crate::dashboard::shell::Shell;

/// The Worker in a page's address.
#[derive(Debug, Deserialize)]
pub(super) struct WorkerPath {
    worker: String,
}

impl WorkerPath {
    /// The Worker's name; a text that is none names no Worker.
    pub(super) fn name(&self) -> Result<WorkerName> {
        self.worker.parse().map_err(|_| Missing::Worker.into())
    }
}

/// One of a Worker's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Overview,
    Deployments,
    Logs,
    Settings,
}

/// What stands above each page of a Worker.
#[derive(Debug)]
pub(super) struct Head {
    /// The Worker's name.
    pub(super) name: String,
    /// The list that the Worker is in.
    pub(super) list: String,
    /// The Worker's place.
    pub(super) place: String,
    /// Where it answers, if at a host name of its own.
    pub(super) address: Option<String>,
    /// Its pages.
    pub(super) tabs: Vec<Tab>,
}

/// The link to one of a Worker's pages.
#[derive(Debug)]
pub(super) struct Tab {
    pub(super) label: &'static str,
    pub(super) href: String,
    pub(super) current: bool,
}

impl Head {
    /// That of a Worker's page.
    pub(super) fn new<P>(
        app: &App,
        permit: &Permit<P>,
        shell: &Shell,
        facts: &WorkerFacts,
        part: Part,
    ) -> Self {
        let place = place_of(shell, &facts.script.id);
        let tab = |label, below: &str, tab| Tab {
            label,
            href: format!("{place}{below}"),
            current: tab == part,
        };
        let mut tabs = vec![
            tab("Overview", "", Part::Overview),
            tab("Deployments", "/deployments", Part::Deployments),
        ];
        if shell.permits(Permission::TailWorkers) {
            tabs.push(tab("Logs", "/logs", Part::Logs));
        }
        tabs.push(tab("Settings", "/settings", Part::Settings));
        let address = facts.subdomain.enabled && facts.deployment.is_some();
        Self {
            name: facts.script.id.to_string(),
            list: shell.place("workers"),
            address: address
                .then(|| address_of(app, permit, facts.script.id.as_str()))
                .flatten(),
            tabs,
            place,
        }
    }
}

/// A Worker's place below its account.
pub(super) fn place_of(shell: &Shell, name: &WorkerName) -> String {
    shell.place(&format!("workers/{name}"))
}

/// The address with this label; `None` for an account without a subdomain.
pub(super) fn address_of<P>(app: &App, permit: &Permit<P>, label: &str) -> Option<String> {
    let subdomain = permit.account().subdomain.as_ref()?;
    Some(app.workers_url.with_label(&format!("{label}.{subdomain}")))
}
