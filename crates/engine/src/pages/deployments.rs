//! Deployments of projects. Each is a version of the project's hidden Worker: files, perhaps code, and the variables and
//! secrets of its environment as they were when it was made.

mod bindings;
mod create;
mod delete;
mod find;
mod list;
mod rollback;
mod write;

pub use create::NewPagesDeployment;
pub use list::PagesDeploymentPage;
