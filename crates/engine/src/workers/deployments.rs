//! Deployments of a Worker.

mod create;
mod delete;
mod find;
mod list;

pub use create::NewDeployment;
