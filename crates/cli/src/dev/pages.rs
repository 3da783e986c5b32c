//! `coffer pages dev`: a Pages project on this machine, as `coffer dev` runs a Worker.

use std::path::PathBuf;

use async_trait::async_trait;
use clap::Args;
use coffer_protocol::pages::Project as Told;
use coffer_types::{PagesProjectName, WorkerId};
use coffer_wrangler_config::{Config, PagesEnvironment, Project as Configured, Read};
use http::Method;
use serde_json::{Value, json};

use super::bindings::{Plan, Row, plan};
use super::machine::{DOMAIN, Machine};
use super::session::{self, Project, Published};
use super::watch::{Changes, Watched};
use super::worker::{absolute, directory_name};
use super::{Serving, stand_ins};
use crate::api::{Answer, Body, segment};
use crate::bundle::{Purpose, Recipe};
use crate::failure::Failure;
use crate::project::{self, ProjectFlags};
use crate::upload::assets::AssetFiles;
use crate::upload::pages::{Code, Commit, build, form, send_files};
use crate::upload::{Keeps, Upload};
use crate::{local_values, output};

/// The branch that is production: the project's own host name is the one that answers.
const BRANCH: &str = "main";

/// `coffer pages dev`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer pages dev public\n  coffer pages dev dist --port 3000 --var MODE:test"
)]
pub(crate) struct PagesDev {
    /// The directory of static files [default: pages_build_output_dir of the configuration]
    directory: Option<PathBuf>,
    #[command(flatten)]
    project: ProjectFlags,
    #[command(flatten)]
    serving: Serving,
    /// The date that fixes the runtime's behaviour [default: that of the configuration]
    #[arg(long, value_name = "DATE")]
    compatibility_date: Option<String>,
    /// Exceptions to that date
    #[arg(long, value_name = "FLAG", num_args = 1.., alias = "compatibility-flag")]
    compatibility_flags: Vec<String>,
    /// Take _worker.js as it is, without esbuild
    #[arg(long)]
    no_bundle: bool,
}

impl PagesDev {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let serving = self.serving.clone();
        session::run(&serving, Box::new(PagesProject::new(self)?)).await
    }
}

/// A Pages project.
struct PagesProject {
    dev: PagesDev,
    name: PagesProjectName,
    directory: PathBuf,
    first: Config,
    worker: Option<WorkerId>,
    watched: Watched,
}

impl PagesProject {
    fn new(dev: PagesDev) -> Result<Self, Failure> {
        let (first, warnings) = configuration(&dev)?;
        for warning in warnings {
            output::warning(warning);
        }
        let directory = dev.directory.clone();
        let directory = directory.or_else(|| first.pages_build_output_dir.clone());
        let directory = directory.ok_or_else(|| {
            Failure::usage("which directory? Name it, as in `coffer pages dev public`")
        })?;
        if !directory.is_dir() {
            return Err(Failure::not_found(format!(
                "there is no directory {}: build it first, or name another",
                directory.display()
            )));
        }
        let name = match &first.name {
            Some(name) => name.clone(),
            None => directory_name(first.directory())?.to_string(),
        };
        let name = name
            .parse()
            .map_err(|error| Failure::usage(format!("the project's name {error}")))?;
        Ok(Self {
            directory: absolute(&directory)?,
            name,
            first,
            worker: None,
            watched: Watched::default(),
            dev,
        })
    }

    /// Where `functions/` and the values are.
    fn beside(&self) -> Result<PathBuf, Failure> {
        absolute(self.first.directory())
    }

    fn watch(&mut self) -> Result<(), Failure> {
        let beside = self.beside()?;
        self.watched.trees = [self.directory.clone(), beside.join("functions")].into();
        let names = [".dev.vars", ".env", ".env.local"];
        self.watched
            .files
            .extend(names.map(|name| beside.join(name)));
        self.watched.files.insert(absolute(&self.first.path)?);
        let named = self.dev.serving.env_files.iter();
        self.watched
            .files
            .extend(named.map(|file| beside.join(file)));
        Ok(())
    }

    /// `_worker.js`, or the functions beside the directory, or no code.
    async fn code(&self, config: &Config) -> Result<Option<Code>, Failure> {
        let beside = self.beside()?;
        let mut recipe = Recipe::of_pages(Some(config), &beside, Purpose::Development)?;
        recipe.settings.no_bundle |= self.dev.no_bundle;
        Ok(build(&self.directory, &beside.join("functions"), &recipe).await?)
    }

    async fn bindings(&self, config: &Config, machine: &Machine) -> Result<Plan, Failure> {
        let files = &self.dev.serving.env_files;
        let values = local_values::read(config.directory(), None, files, |sources| {
            sources.read(config)
        })?;
        let variables = &self.dev.serving.variables;
        let mut plan = plan(config, values, variables, self.name.as_str());
        stand_ins::settle(&mut plan, machine).await?;
        Ok(plan)
    }

    /// The project in the project's own Coffer, made anew at the begin of a session.
    async fn made(&mut self, machine: &Machine) -> Result<WorkerId, Failure> {
        if let Some(worker) = self.worker {
            return Ok(worker);
        }
        let gone: Result<Answer<Value>, _> = machine
            .api
            .write(Method::DELETE, &self.path(machine, ""), &[], Body::none())
            .await;
        if let Err(error) = gone
            && error.status() != Some(http::StatusCode::NOT_FOUND)
        {
            return Err(error.into());
        }
        let new = json!({ "name": self.name, "production_branch": BRANCH });
        let projects = machine.path("/pages/projects");
        let made: Answer<Told> = machine
            .api
            .write(Method::POST, &projects, &[], Body::json(&new))
            .await?;
        let worker = made.result.id.worker_id();
        self.worker = Some(worker);
        Ok(worker)
    }

    fn path(&self, machine: &Machine, rest: &str) -> String {
        machine.path(&format!(
            "/pages/projects/{}{rest}",
            segment(self.name.as_str())
        ))
    }
}

#[async_trait]
impl Project for PagesProject {
    fn configured_address(&self) -> (Option<u16>, Option<String>) {
        // Pages has a port of its own with Wrangler, so that both can be developed side by side.
        (
            self.first.dev.port.or(Some(8788)),
            self.first.dev.ip.clone(),
        )
    }

    fn host(&self) -> String {
        format!("{}.pages.{DOMAIN}", self.name)
    }

    async fn publish(
        &mut self,
        machine: &Machine,
        _changes: Option<&Changes>,
    ) -> Result<Published, Failure> {
        self.watch()?;
        self.watched.neighbours = true;
        let (config, _) = configuration(&self.dev)?;
        let code = self.code(&config).await?;
        let files = AssetFiles::of_pages(&self.directory)?;
        let (mut rows, mut warnings): (Vec<Row>, Vec<String>) = Default::default();
        let mut sources = Vec::new();
        let code = match code {
            None => None,
            Some(Code { bundled, routes }) => {
                if !bundled.remarks.is_empty() {
                    output::note(&bundled.remarks);
                }
                sources.clone_from(&bundled.sources);
                let plan = self.bindings(&config, machine).await?;
                (rows, warnings) = (plan.rows, plan.warnings);
                let upload = Upload {
                    bundled: Some(bundled),
                    bindings: plan.bindings,
                    config: Some(&config),
                    assets: None,
                    annotations: std::collections::BTreeMap::new(),
                    keeps: Keeps::Nothing,
                };
                Some((upload.body()?, routes))
            }
        };
        let worker = self.made(machine).await?;
        send_files(
            &machine.api,
            &self.path(machine, ""),
            &files,
            false,
            Failure::from,
        )
        .await?;
        let commit = Commit {
            branch: BRANCH.to_owned(),
            ..Commit::default()
        };
        let _: Answer<Value> = machine
            .api
            .write(
                Method::POST,
                &self.path(machine, "/deployments"),
                &[],
                form(&self.directory, &files, &commit, code),
            )
            .await?;
        self.watched.files.clear();
        self.watch()?;
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

/// The configuration of previews, as development is one, with what flags say in place of it; and its warnings.
fn configuration(
    dev: &PagesDev,
) -> Result<(Config, Vec<coffer_wrangler_config::Problem>), Failure> {
    let project = match dev.project.open()?.filter(Configured::is_pages) {
        Some(project) => project,
        None => project::unconfigured()?,
    };
    let read = match project.is_pages() {
        true => project.pages_config(PagesEnvironment::Preview),
        false => project.config(None),
    };
    let Read {
        mut config,
        warnings,
        ..
    } = read.map_err(Failure::usage)?;
    if let Some(date) = &dev.compatibility_date {
        config.compatibility_date = Some(date.clone());
    }
    if !dev.compatibility_flags.is_empty() {
        config
            .compatibility_flags
            .clone_from(&dev.compatibility_flags);
    }
    Ok((config, warnings))
}
