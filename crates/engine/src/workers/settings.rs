//! Settings: of a Worker, and of its newest version.

mod edit;
mod script;
mod usage_model;

pub use edit::SettingsChanges;
pub use script::ScriptSettingsChanges;
