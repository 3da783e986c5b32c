//! What a configuration file says, for one environment.

pub(crate) mod assets;
pub(crate) mod bindings;
pub(crate) mod bundle;
pub(crate) mod dev;
mod names;
mod pages;
pub(crate) mod routes;
mod settings;

use std::path::{Path, PathBuf};

use crate::json::Json;
use crate::layers::Layers;
use assets::Assets;
use bindings::{PartBinding, SecretsStoreBinding, ServiceBinding, Variable};
use bundle::Bundle;
use dev::Dev;
use names::Names;
use routes::Route;

/// A configuration. Paths are joined to the directory of the file. What a file does not say is `None` where that
/// differs from an empty value.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file, as it was named.
    pub path: PathBuf,
    /// The environment; `None` is the top level.
    pub environment: Option<String>,
    /// The Worker's name, with the environment's behind it unless the environment has one of its own; or the Pages
    /// project's.
    pub name: Option<String>,
    /// The name of the top level.
    pub top_level_name: Option<String>,
    /// `account_id`.
    pub account_id: Option<String>,
    /// `main`: the file that the Worker's code begins with.
    pub main: Option<PathBuf>,
    /// `compatibility_date`, as `2026-11-22`.
    pub compatibility_date: Option<String>,
    /// `compatibility_flags`.
    pub compatibility_flags: Vec<String>,
    /// `workers_dev`.
    pub workers_dev: Option<bool>,
    /// `preview_urls`.
    pub preview_urls: Option<bool>,
    /// `routes`, or the one `route`.
    pub routes: Option<Vec<Route>>,
    /// `triggers.crons`; empty takes all away, `None` leaves them.
    pub crons: Option<Vec<String>>,
    /// `vars`, in the order of the file.
    pub vars: Vec<Variable>,
    /// `keep_vars`: variables that were set elsewhere stay.
    pub keep_vars: bool,
    /// `secrets.required`: names of secrets without which the Worker is not deployed; `None` if there is no `secrets`.
    pub required_secrets: Option<Vec<String>>,
    /// `secrets_store_secrets`.
    pub secrets_store_secrets: Vec<SecretsStoreBinding>,
    /// `services`.
    pub services: Vec<ServiceBinding>,
    /// `assets`.
    pub assets: Option<Assets>,
    /// `version_metadata.binding`.
    pub version_metadata: Option<String>,
    /// `text_blobs`: files bound as text, in the service-worker format.
    pub text_blobs: Vec<PartBinding>,
    /// `data_blobs`: files bound as bytes.
    pub data_blobs: Vec<PartBinding>,
    /// `wasm_modules`: files bound as compiled WebAssembly.
    pub wasm_modules: Vec<PartBinding>,
    /// How the code is built.
    pub bundle: Bundle,
    /// `dev`.
    pub dev: Dev,
    /// `pages_build_output_dir`.
    pub pages_build_output_dir: Option<PathBuf>,
    /// `limits`.
    pub limits: Option<Json>,
    /// `placement`.
    pub placement: Option<Json>,
    /// `observability`.
    pub observability: Option<Json>,
    /// `tail_consumers`.
    pub tail_consumers: Option<Json>,
    /// `logpush`.
    pub logpush: Option<bool>,
}

impl Config {
    /// The directory of the file.
    #[must_use]
    pub fn directory(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }

    /// Reads everything, so that all mistakes are told at once. `None` is never returned for a mistake that the
    /// report does not have.
    pub(crate) fn read(layers: &Layers<'_>, path: PathBuf, pages: bool) -> Option<Self> {
        let names = Names::new(pages);
        let boolean = |key: &str| layers.field(key)?.boolean();
        let config = Self {
            path,
            environment: layers.environment_name().map(str::to_owned),
            name: settings::name(layers, pages),
            top_level_name: layers.top_field("name").and_then(|field| field.text()),
            account_id: settings::account_id(layers),
            main: layers.field("main").and_then(|field| field.path()),
            compatibility_date: settings::compatibility_date(layers),
            compatibility_flags: layers
                .field("compatibility_flags")
                .and_then(|field| field.texts())
                .unwrap_or_default(),
            workers_dev: boolean("workers_dev"),
            preview_urls: boolean("preview_urls"),
            routes: routes::read(layers),
            crons: settings::crons(layers),
            vars: bindings::vars(layers, &names),
            keep_vars: boolean("keep_vars").unwrap_or(false),
            required_secrets: bindings::required_secrets(layers, &names),
            secrets_store_secrets: bindings::secrets_store_secrets(layers, &names),
            services: bindings::services(layers, &names),
            assets: assets::read(layers, &names),
            version_metadata: bindings::version_metadata(layers, &names),
            text_blobs: bindings::parts(layers, "text_blobs", &names),
            data_blobs: bindings::parts(layers, "data_blobs", &names),
            wasm_modules: bindings::parts(layers, "wasm_modules", &names),
            bundle: bundle::read(layers),
            dev: dev::read(layers),
            pages_build_output_dir: layers
                .field("pages_build_output_dir")
                .and_then(|field| field.path()),
            limits: settings::limits(layers),
            placement: settings::object(layers, "placement"),
            observability: settings::object(layers, "observability"),
            tail_consumers: settings::tail_consumers(layers),
            logpush: boolean("logpush"),
        };
        if pages {
            pages::check(layers);
        }
        Some(config)
    }
}
