//! Pages projects by host name: production, branches, and single deployments.

use std::collections::HashMap;

use coffer_protocol::feed::PagesProjectRecord;
use coffer_types::name::PAGES_SUBDOMAIN;
use coffer_types::{VersionId, WorkerId};

use crate::replica::State;

/// Every project by its host name, `<label>.pages.<domain>`.
#[derive(Debug, Default)]
pub(super) struct Projects {
    /// What the host names of all projects end with, a dot before it.
    suffix: String,
    hosts: HashMap<String, Project>,
}

/// What a project's host names lead to.
#[derive(Debug)]
struct Project {
    worker_id: WorkerId,
    /// By what stands before the project's host name: the first digits of a deployment's id, or a branch's alias.
    deployments: HashMap<String, VersionId>,
}

impl Projects {
    /// The projects of a state. What deployments a project has, by the first digits of their ids, is told by
    /// `previews`.
    pub(super) fn of(
        state: &State,
        domain: &str,
        previews: &mut HashMap<WorkerId, HashMap<String, VersionId>>,
    ) -> Self {
        let mut projects = Self {
            suffix: format!(".{PAGES_SUBDOMAIN}.{domain}"),
            hosts: HashMap::new(),
        };
        for record in state.projects() {
            let numbered = previews.remove(&record.worker_id).unwrap_or_default();
            // A deployment's own name never comes to mean another one, whatever a branch is called.
            let mut deployments = numbered;
            for (alias, version_id) in &record.branches {
                deployments.entry(alias.clone()).or_insert(*version_id);
            }
            let project = Project {
                worker_id: record.worker_id,
                deployments,
            };
            projects.hosts.insert(projects.host(record), project);
        }
        projects
    }

    /// The project's host name.
    pub(super) fn host(&self, record: &PagesProjectRecord) -> String {
        format!("{}{}", record.label, self.suffix)
    }

    /// The hidden Worker and the version that this host name of a branch or a deployment means.
    pub(super) fn find(&self, host: &str) -> Option<(WorkerId, VersionId)> {
        let (label, rest) = host.split_once('.')?;
        let project = self.hosts.get(rest)?;
        let version_id = project.deployments.get(label)?;
        Some((project.worker_id, *version_id))
    }

    /// Whether only a project or one of its deployments could answer at this host name.
    pub(super) fn is_for(&self, host: &str) -> bool {
        !self.suffix.is_empty() && host.ends_with(&self.suffix)
    }
}
