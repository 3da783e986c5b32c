//! Pages: projects with their variables and secrets for production and for previews, and their deployments.
//!
//! A project's secrets are sealed as those of a Worker with the same id, so what runs a Worker can run a deployment.

mod assets;
mod configuration;
mod deployments;
mod events;
pub(crate) mod projects;
mod routes;
mod view;

use coffer_types::{PagesProjectName, WorkerName};

use crate::error::{Error, Result};

pub use assets::PagesUploadPermit;
pub use configuration::{NewPagesVariable, PagesConfigurationChanges};
pub use deployments::{NewPagesDeployment, PagesDeploymentPage};
pub use projects::{NewPagesProject, PagesProjectChanges, PagesProjectPage};

/// The name of the project's hidden Worker, in logs: the project's own, which is of the form of a Worker's.
fn worker_name(name: &PagesProjectName) -> Result<WorkerName> {
    let parsed = name.as_str().parse();
    parsed.map_err(|error: coffer_types::name::InvalidName| Error::Internal(error.to_string()))
}
