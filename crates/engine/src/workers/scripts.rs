//! Workers as scripts: uploaded and deployed in one step, found, listed and removed.

mod delete;
mod find;
mod list;
mod upload;

pub use find::WorkerFacts;
pub use upload::Upload;
