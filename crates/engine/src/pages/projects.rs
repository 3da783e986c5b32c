//! Projects.

mod create;
mod delete;
mod edit;
mod find;
mod list;

pub use create::NewPagesProject;
pub(super) use find::existing;
pub use edit::PagesProjectChanges;
pub use list::PagesProjectPage;
