//! Versions of a Worker.

mod content;
mod contents;
mod create;
mod delete;
mod find;
mod list;
mod patch;
mod prune;
mod worker_version;

pub use content::VersionContent;
pub use create::NewVersion;
pub(crate) use create::authored;
pub use list::VersionPage;
pub use patch::VersionPatch;
pub(super) use patch::derived;
pub(super) use prune::Pruner;
pub use worker_version::WhichVersion;
