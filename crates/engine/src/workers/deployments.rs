//! Deployments of a Worker.

mod create;
mod find;
mod list;

pub use create::NewDeployment;
