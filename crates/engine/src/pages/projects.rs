//! Projects.

mod create;
mod delete;
mod edit;
mod find;
mod list;

pub use create::NewPagesProject;
pub use edit::PagesProjectChanges;
pub(crate) use find::existing;
pub use list::PagesProjectPage;
