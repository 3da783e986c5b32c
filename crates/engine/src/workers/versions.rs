//! Versions of a Worker.

mod content;
mod create;
mod find;
mod list;
mod patch;

pub use content::VersionContent;
pub use create::NewVersion;
pub use list::VersionPage;
pub use patch::VersionPatch;
pub(super) use patch::derived;
