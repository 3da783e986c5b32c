//! `coffer pages dev`: a Pages project on this machine, as `coffer dev` runs a Worker.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::Args;
use coffer_protocol::pages::Project as Told;
use coffer_types::{PagesProjectName, WorkerId};
use coffer_wrangler_config::{Config, PagesEnvironment, Project as Configured, Read};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::bindings::{Plan, Row, plan};
use super::machine::{DOMAIN, Machine};
use super::session::{self, Project, Published};
use super::watch::{Changes, Watched};
use super::worker::{absolute, directory_name};
use super::{Serving, stand_ins};
use crate::api::{Answer, Body, Credentials, Form, Part, segment};
use crate::bundle::{Bundled, Purpose, Recipe, bundle_functions, bundle_worker_js};
use crate::failure::Failure;
use crate::project::ProjectFlags;
use crate::upload::assets::AssetFiles;
use crate::upload::{Keeps, Upload};
use crate::{local_values, output, random};

/// Bytes of files in one request, before they are base64.
const BYTES_AT_ONCE: usize = 30 << 20;
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

/// The code of a deployment.
struct Code {
    bundled: Bundled,
    routes: Option<String>,
}

#[derive(Deserialize)]
struct UploadToken {
    jwt: String,
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
        let given = std::fs::read_to_string(self.directory.join("_routes.json")).ok();
        let worker = self.directory.join("_worker.js");
        if worker.exists() {
            let bundled = bundle_worker_js(&worker, &recipe).await?;
            let routes = given;
            return Ok(Some(Code { bundled, routes }));
        }
        let functions = beside.join("functions");
        if !functions.is_dir() {
            return Ok(None);
        }
        let made = bundle_functions(&functions, &recipe).await?;
        Ok(made.map(|made| Code {
            bundled: made.bundled,
            routes: Some(given.unwrap_or(made.routes)),
        }))
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

    /// Sends the files that the project's own Coffer has not got.
    async fn send(&self, machine: &Machine, files: &AssetFiles) -> Result<(), Failure> {
        let token: Answer<UploadToken> = machine
            .api
            .read(&self.path(machine, "/upload-token"), &[])
            .await?;
        let token = Credentials::Token(Zeroizing::new(token.result.jwt));
        let write = async |path: &str, body: Body| {
            let api = &machine.api;
            api.write_as::<Value>(&token, Method::POST, path, &[], body)
                .await
        };
        let mut hashes: Vec<_> = files.manifest().into_values().collect();
        hashes.sort_unstable();
        hashes.dedup();
        if hashes.is_empty() {
            return Ok(());
        }
        let all = || Body::json(&json!({ "hashes": hashes }));
        let missing = write("/pages/assets/check-missing", all()).await?;
        let missing: Vec<String> = serde_json::from_value(missing.result).unwrap_or_default();
        let (mut parts, mut bytes) = (Vec::new(), 0);
        for hash in &missing {
            let (content_type, content) = files.with_hash(hash)?;
            if bytes > 0 && bytes + content.len() > BYTES_AT_ONCE {
                write(
                    "/pages/assets/upload",
                    Body::json(&std::mem::take(&mut parts)),
                )
                .await?;
                bytes = 0;
            }
            bytes += content.len();
            parts.push(json!({
                "key": hash, "value": BASE64.encode(content), "metadata": { "contentType": content_type }, "base64": true,
            }));
        }
        if !parts.is_empty() {
            write("/pages/assets/upload", Body::json(&parts)).await?;
        }
        write("/pages/assets/upsert-hashes", all()).await?;
        Ok(())
    }

    fn form(&self, files: &AssetFiles, code: Option<(Body, Option<String>)>) -> Body {
        let mut form = Form::default();
        let mut add = |name: &str, content: Vec<u8>| {
            form.add(Part {
                name: name.to_owned(),
                file_name: name.starts_with('_').then(|| name.to_owned()),
                content_type: None,
                content: Zeroizing::new(content),
            });
        };
        add("manifest", json!(files.manifest()).to_string().into_bytes());
        add("branch", BRANCH.as_bytes().to_vec());
        for name in ["_headers", "_redirects"] {
            if let Ok(content) = std::fs::read(self.directory.join(name)) {
                add(name, content);
            }
        }
        if let Some((bundle, routes)) = code {
            add("_worker.bundle", bundle.bytes().to_vec());
            if let Some(routes) = routes {
                add("_routes.json", routes.into_bytes());
            }
        }
        form.body(&random::boundary())
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
        self.send(machine, &files).await?;
        let _: Answer<Value> = machine
            .api
            .write(
                Method::POST,
                &self.path(machine, "/deployments"),
                &[],
                self.form(&files, code),
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
        None => Configured::parse(Path::new("wrangler.json"), "{}").map_err(Failure::usage)?,
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
