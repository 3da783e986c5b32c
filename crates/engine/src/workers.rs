//! Workers: their versions, deployments, per-Worker secrets and settings.
//!
//! A version is never changed: an edit of a secret or a setting makes a new version out of the latest.
//! Whatever makes one goes the same way: read the Worker's [`current`] state, resolve the [`bindings`],
//! try the version on the runtime, and [`publish`] it in one transaction. Who may bind secrets of a store but not
//! deploy goes the same way as far as [`binding_edits`] allows.

mod account_settings;
mod account_subdomain;
mod annotations;
mod binding_edits;
mod bindings;
mod code;
mod compatibility;
mod current;
mod deployments;
mod events;
mod formats;
mod hostnames;
mod keys;
mod publish;
mod schedules;
mod scripts;
mod secrets;
mod settings;
mod store_bindings;
mod subdomain;
mod tails;
mod turns;
mod versions;
mod view;

pub use account_settings::WorkersAccountChanges;
pub use annotations::Annotations;
pub(crate) use annotations::TAG;
pub(crate) use bindings::{Asked, Binds, Inheritance, Resolved};
pub use bindings::{NewBinding, NewBindingKind, PartBinding};
pub use code::{Code, NewModule};
pub use compatibility::Compatibility;
pub use deployments::NewDeployment;
pub(crate) use formats::Written;
pub use hostnames::{HostRules, WantedHost};
pub use publish::Published;
pub use scripts::{Upload, WorkerChanges, WorkerFacts};
pub use secrets::SecretEdit;
pub use settings::{ScriptSettingsChanges, SettingsChanges};
pub use subdomain::SubdomainChange;
pub(crate) use tails::Tails;
pub use tails::{NewTail, TailEnd, TailFrame, TailStream, TailView};
pub(crate) use turns::Turns;
pub(crate) use versions::authored;
pub use versions::{NewVersion, VersionContent, VersionPage, VersionPatch, WhichVersion};
