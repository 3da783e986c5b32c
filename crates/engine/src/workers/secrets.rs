//! Per-Worker secrets: the `secret_text` bindings of the newest version.

mod edit;
mod list;

pub use edit::SecretEdit;
