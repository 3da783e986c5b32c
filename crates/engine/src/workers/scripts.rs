//! Workers as scripts: uploaded and deployed in one step, found, listed and removed.

mod content;
mod delete;
mod edit;
mod find;
mod list;
mod upload;

pub use edit::WorkerChanges;
pub use find::WorkerFacts;
pub use upload::Upload;
