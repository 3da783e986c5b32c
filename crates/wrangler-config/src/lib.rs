//! Reads the configuration of a Workers project: `wrangler.json`, `wrangler.jsonc` and `wrangler.toml` into one
//! [`Config`], for the environment that is asked for, and the values that local development gives a Worker
//! ([`LocalSources`]).
//!
//! Knows files and their text, and tells of each mistake where it stands ([`Problem`]). Must never know of the command
//! line, the network or another process; nor show a value of `.dev.vars` or `.env`. What a key means is for who uses the
//! model.
//!
//! To add a key: a line in [`keys`], a field of [`Config`] and a line where it is read, in `config.rs` or in the module
//! of what it is about.

mod bounds;
mod config;
mod field;
mod find;
mod json;
mod keys;
mod layers;
mod local;
mod problem;
mod project;
mod refusal;
mod report;
mod source;
mod syntax;
mod words;

pub use bounds::{MAX_FILE_BYTES, MAX_PROBLEMS};
pub use config::Config;
pub use config::assets::{Assets, HtmlHandling, NotFoundHandling, RunWorkerFirst};
pub use config::bindings::{PartBinding, SecretsStoreBinding, ServiceBinding, Variable};
pub use config::bundle::{Bundle, CustomBuild, Rule, RuleKind};
pub use config::dev::{Dev, LocalProtocol};
pub use config::routes::{Route, Zone};
pub use find::{FILE_NAMES, find, find_built};
pub use json::Json;
pub use local::{Environment, LocalSources, LocalValue, LocalValues};
pub use problem::Problem;
pub use project::{PagesEnvironment, Project, Read};
pub use refusal::Refusal;
