//! Pages: projects with their variables and secrets for production and for previews.
//!
//! A project's secrets are sealed as those of a Worker with the same id, so what runs a Worker can run a deployment.

mod configuration;
mod events;
mod projects;
mod view;

pub use configuration::{NewPagesVariable, PagesConfigurationChanges};
pub use projects::{NewPagesProject, PagesProjectChanges, PagesProjectPage};
