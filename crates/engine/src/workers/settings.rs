//! Settings: of a Worker, and of its newest version.

mod edit;
mod script;

pub use edit::SettingsChanges;
pub use script::ScriptSettingsChanges;
