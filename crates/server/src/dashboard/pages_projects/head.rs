//! The project that a page is about: its name in the address, and what stands above each of its pages.

use coffer_engine::{Missing, Result};
use coffer_protocol::pages::Project;
use coffer_types::{PagesEnvironment, PagesProjectName};
use serde::Deserialize;

use crate::app::App;
use crate::dashboard::shell::Shell;

/// The project in a page's address.
#[derive(Debug, Deserialize)]
pub(super) struct ProjectPath {
    project: String,
}

impl ProjectPath {
    /// The project's name; a text that is none names no project.
    pub(super) fn name(&self) -> Result<PagesProjectName> {
        self.project
            .parse()
            .map_err(|_| Missing::PagesProject.into())
    }
}

/// What a page's address names in a project.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    pub(super) environment: String,
    pub(super) name: String,
    pub(super) deployment: String,
}

impl Named {
    /// The environment; production unless previews are named.
    pub(super) fn environment(&self) -> PagesEnvironment {
        if self.environment == PagesEnvironment::Preview.as_str() {
            PagesEnvironment::Preview
        } else {
            PagesEnvironment::Production
        }
    }
}

/// What stands above each page of a project.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) list: String,
    pub(super) place: String,
    /// Where its production answers.
    pub(super) address: Option<String>,
    pub(super) tabs: [Tab; 2],
}

/// The link to one of a project's pages.
#[derive(Debug)]
pub(super) struct Tab {
    pub(super) label: &'static str,
    pub(super) href: String,
    pub(super) current: bool,
}

impl Head {
    /// That of the page of deployments, or of the settings.
    pub(super) fn new(app: &App, shell: &Shell, project: &Project, settings: bool) -> Self {
        let place = place_of(shell, &project.name);
        let tab = |label, below: &str, current| Tab {
            label,
            href: format!("{place}{below}"),
            current,
        };
        let label = format!("{}.pages", project.subdomain);
        let live = project.canonical_deployment.as_ref();
        Self {
            name: project.name.to_string(),
            list: shell.place("workers"),
            address: live.map(|_| app.workers_url.with_label(&label)),
            tabs: [
                tab("Deployments", "", !settings),
                tab("Settings", "/settings", settings),
            ],
            place,
        }
    }
}

/// A project's place below its account.
pub(super) fn place_of(shell: &Shell, name: &PagesProjectName) -> String {
    shell.place(&format!("pages/{name}"))
}
