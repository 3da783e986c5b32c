//! A Worker's project, as `coffer dev` serves it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use async_trait::async_trait;
use coffer_types::WorkerName;
use coffer_wrangler_config::{Assets, Config};
use tokio::process::Command;

use super::Dev;
use super::bindings::{Plan, plan};
use super::machine::{DOMAIN, Machine, SUBDOMAIN};
use super::publish::Place;
use super::session::{Project, Published};
use super::stand_ins;
use super::watch::{Changes, Watched};
use crate::bundle::{self, Purpose, Recipe};
use crate::failure::Failure;
use crate::local_values;
use crate::output;
use crate::project;
use crate::upload::assets::AssetFiles;
use crate::upload::{Keeps, Upload};

/// The name of a Worker whose project names none, in a directory whose name is none.
const NAMELESS: &str = "worker";

/// A Worker's project.
pub(super) struct WorkerProject {
    dev: Dev,
    name: WorkerName,
    first: Config,
    place: Place,
    watched: Watched,
    runtime_date: Option<String>,
}

impl WorkerProject {
    /// The project that flags and configuration name.
    ///
    /// # Errors
    /// What is wrong in the configuration, with its place.
    pub(super) fn new(dev: Dev) -> Result<Self, Failure> {
        if let Some(project) = dev.project.open()?
            && project.is_pages()
        {
            return Err(Failure::usage(format!(
                "{} is of a Pages project: run `coffer pages dev`",
                project.path().display()
            )));
        }
        // Its warnings are told once.
        let first = match dev.project.read()? {
            Some(config) => config,
            None => empty()?,
        };
        let name = dev.name.clone().or_else(|| first.name.clone());
        let name = match name {
            Some(name) => name
                .parse()
                .map_err(|error| Failure::usage(format!("the Worker's name {error}")))?,
            None => directory_name(first.directory())?,
        };
        let mut project = Self {
            place: Place::new(name.to_string()),
            dev,
            name,
            first,
            watched: Watched::default(),
            runtime_date: None,
        };
        let config = project.configuration()?;
        // A file that is not there is a mistake of the command line, not one to wait for.
        if config.main.is_some() || config.assets.is_none() {
            Recipe::new(Some(&config), None, Purpose::Development)?;
        }
        Ok(project)
    }

    /// The configuration as it is now, with what flags say in place of it.
    fn configuration(&mut self) -> Result<Config, Failure> {
        let mut config = match self.dev.project.read_for_names()? {
            Some(config) => config,
            None => empty()?,
        };
        let dev = &self.dev;
        if let Some(script) = &dev.script {
            config.main = Some(absolute(script)?);
        }
        config.bundle.no_bundle |= dev.no_bundle;
        if let Some(date) = &dev.compatibility_date {
            config.compatibility_date = Some(date.clone());
        }
        if !dev.compatibility_flags.is_empty() {
            config
                .compatibility_flags
                .clone_from(&dev.compatibility_flags);
        }
        if let Some(directory) = &dev.assets {
            let assets = config.assets.get_or_insert(Assets {
                directory: None,
                binding: None,
                html_handling: None,
                not_found_handling: None,
                run_worker_first: None,
            });
            assets.directory = Some(absolute(directory)?);
        }
        Ok(config)
    }

    /// What matters before anything was built: the configuration, and where values may come from.
    fn watch(&mut self, config: &Config) -> Result<(), Failure> {
        let directory = absolute(config.directory())?;
        let mut files = vec![absolute(&config.path)?];
        files.extend(config.main.as_deref().map(absolute).transpose()?);
        let environment = self.dev.project.environment();
        for name in [".dev.vars", ".env", ".env.local"] {
            files.push(directory.join(name));
        }
        if let Some(name) = &environment {
            for file in [
                format!(".dev.vars.{name}"),
                format!(".env.{name}"),
                format!(".env.{name}.local"),
            ] {
                files.push(directory.join(file));
            }
        }
        for file in &self.dev.serving.env_files {
            files.push(directory.join(file));
        }
        let mut trees = Vec::new();
        if let Some(assets) = config
            .assets
            .as_ref()
            .and_then(|assets| assets.directory.as_ref())
        {
            trees.push(absolute(assets)?);
        }
        if config.bundle.build.command.is_some() {
            for tree in &config.bundle.build.watch_dirs {
                trees.push(absolute(tree)?);
            }
        }
        self.watched.trees = trees.into_iter().collect();
        // What an earlier build was made of matters until the next one went well.
        self.watched.files.extend(files);
        self.watched.neighbours = true;
        Ok(())
    }

    /// Runs the project's own command, if what it works on changed.
    async fn custom_build(
        &self,
        config: &Config,
        changes: Option<&Changes>,
    ) -> Result<(), Failure> {
        let custom = &config.bundle.build;
        let concerned = changes.is_none_or(|changes| changes.any_below(&custom.watch_dirs));
        if concerned {
            bundle::build(custom, config.directory()).await?;
        }
        Ok(())
    }

    /// The bindings, with everything that they lead to in place.
    async fn bindings(&self, config: &Config, machine: &Machine) -> Result<Plan, Failure> {
        let directory = config.directory();
        let environment = self.dev.project.environment();
        let files = &self.dev.serving.env_files;
        let mut values = local_values::read(directory, environment.as_deref(), files, |sources| {
            sources.read(config)
        })?;
        if config.required_secrets.is_some() && !config.secrets_store_secrets.is_empty() {
            let every = local_values::read(directory, environment.as_deref(), files, |sources| {
                sources.read_every()
            })?;
            let stands_in = |name: &str| {
                let mut bindings = config.secrets_store_secrets.iter();
                bindings.any(|one| one.binding == name)
            };
            let more = every.values.into_iter().filter(|one| stands_in(&one.name));
            values.values.extend(more);
        }
        let variables = &self.dev.serving.variables;
        let mut plan = plan(config, values, variables, self.name.as_str());
        stand_ins::settle(&mut plan, machine).await?;
        Ok(plan)
    }

    /// The date that fixes the runtime's behaviour: the runtime's own, where nothing names one.
    async fn date(&mut self, machine: &Machine) -> Option<String> {
        if self.runtime_date.is_none() {
            let ran = Command::new(&machine.workerd)
                .arg("--version")
                .stdin(Stdio::null())
                .kill_on_drop(true)
                .output()
                .await
                .ok()?;
            let said = String::from_utf8_lossy(&ran.stdout);
            let date = said.split_whitespace().next_back()?;
            output::warning(format_args!(
                "the configuration has no compatibility_date: {date} counts, the runtime's own"
            ));
            self.runtime_date = Some(date.to_owned());
        }
        self.runtime_date.clone()
    }
}

#[async_trait]
impl Project for WorkerProject {
    fn configured_address(&self) -> (Option<u16>, Option<String>) {
        (self.first.dev.port, self.first.dev.ip.clone())
    }

    fn host(&self) -> String {
        format!("{}.{SUBDOMAIN}.{DOMAIN}", self.name)
    }

    async fn publish(
        &mut self,
        machine: &Machine,
        changes: Option<&Changes>,
    ) -> Result<Published, Failure> {
        let mut config = self.configuration()?;
        self.watch(&config)?;
        self.custom_build(&config, changes).await?;
        let bundled = if config.main.is_none() && config.assets.is_some() {
            None
        } else {
            let recipe = Recipe::new(Some(&config), None, Purpose::Development)?;
            let bundled = bundle::bundle(&recipe).await?;
            if !bundled.remarks.is_empty() {
                output::note(&bundled.remarks);
            }
            Some(bundled)
        };
        let sources: Vec<_> = bundled.iter().flat_map(|one| one.sources.clone()).collect();
        if config.compatibility_date.is_none() {
            config.compatibility_date = self.date(machine).await;
        }
        let Plan {
            bindings,
            rows,
            warnings,
            ..
        } = self.bindings(&config, machine).await?;
        let assets = match config.assets.as_ref() {
            Some(settings) if settings.directory.is_some() => {
                let directory = settings.directory.clone().unwrap_or_default();
                let files = AssetFiles::read(&directory, settings)?;
                let workers = machine.path("/workers");
                Some(
                    files
                        .upload(&machine.api, &workers, self.name.as_str())
                        .await?,
                )
            }
            _ => None,
        };
        let upload = Upload {
            bundled,
            bindings,
            config: Some(&config),
            assets,
            annotations: std::collections::BTreeMap::new(),
            keeps: Keeps::Nothing,
        };
        let crons = config.crons.clone().unwrap_or_default();
        let worker = self.place.publish(machine, upload, &crons).await?;
        self.watched.files.clear();
        self.watch(&config)?;
        self.watched.files.extend(sources);
        self.watched.neighbours = false;
        Ok(Published {
            worker,
            bindings: rows,
            warnings,
        })
    }

    fn watched(&self) -> Watched {
        self.watched.clone()
    }

    async fn leave(&mut self, machine: &Machine) {
        stand_ins::forget(machine).await;
    }
}

/// What holds where there is no configuration.
fn empty() -> Result<Config, Failure> {
    let read = project::unconfigured()?.config(None);
    Ok(read.map_err(Failure::usage)?.config)
}

pub(super) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path)
        .map_err(|error| Failure::error(&format!("{} cannot be found", path.display()), error))
}

/// A Worker's name, made of that of its directory.
pub(super) fn directory_name(directory: &Path) -> Result<WorkerName, Failure> {
    let directory = absolute(directory)?;
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    let letters = name
        .chars()
        .map(|letter| match letter.to_ascii_lowercase() {
            letter @ ('a'..='z' | '0'..='9') => letter,
            _ => '-',
        });
    let name: String = letters.take(63).collect();
    name.trim_matches('-')
        .parse()
        .or_else(|_| NAMELESS.parse())
        .map_err(Failure::usage)
}
