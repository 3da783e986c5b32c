//! `coffer pages deploy`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use coffer_protocol::pages::{Deployment, Project};
use coffer_wrangler_config::{Config, PagesEnvironment};
use http::Method;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::place::{PagesFlags, Place};
use crate::api::{Answer, Body, Credentials, Form, Part};
use crate::bundle::{self, Purpose, Recipe, bundle_functions, bundle_worker_js};
use crate::failure::Failure;
use crate::output::{self, Bar, Spinner, prompt};
use crate::random;
use crate::upload::assets::AssetFiles;
use crate::upload::{Keeps, Upload, of_config};

/// The most bytes of files in one request, before they are base64, unless one alone has more.
const BYTES_AT_ONCE: usize = 30 << 20;
/// The most files in one request.
const FILES_AT_ONCE: usize = 2_000;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer pages deploy public --project-name docs\n  coffer pages deploy dist --branch try-it"
)]
pub(crate) struct Deploy {
    /// The directory of static files [default: pages_build_output_dir of the configuration]
    directory: Option<PathBuf>,
    /// The branch that it is deployed as [default: that of git, else the production branch]
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
    /// The commit [default: that of git]
    #[arg(long, value_name = "HASH")]
    commit_hash: Option<String>,
    /// The commit's message [default: that of git]
    #[arg(long, value_name = "TEXT")]
    commit_message: Option<String>,
    /// Whether files differ from the commit [default: as git says]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOLEAN")]
    commit_dirty: Option<bool>,
    /// Send every file, even those that the server has
    #[arg(long)]
    skip_caching: bool,
    /// Take _worker.js as it is, without esbuild
    #[arg(long)]
    no_bundle: bool,
    /// Upload source maps, for stack traces
    #[arg(long)]
    upload_source_maps: bool,
    #[command(flatten)]
    flags: PagesFlags,
}

/// What is told of the code that is deployed.
struct Commit {
    branch: String,
    hash: String,
    message: String,
    is_dirty: bool,
}

/// The code of a deployment, as the form has it.
struct Code {
    bundle: Zeroizing<Vec<u8>>,
    routes: Option<String>,
}

#[derive(Deserialize)]
struct UploadToken {
    jwt: String,
}

impl Deploy {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let configured = self.flags.read(PagesEnvironment::Production)?;
        let directory = self
            .directory
            .clone()
            .or_else(|| configured?.config.pages_build_output_dir)
            .ok_or_else(|| {
                Failure::usage("which directory? Name it, as in `coffer pages deploy public`")
            })?;
        let files = AssetFiles::of_pages(&directory)?;
        let place = self.flags.open(None).await?;
        let project = project(&place).await?;
        let commit = self.commit(&project);
        let environment = match commit.branch == project.production_branch.to_string() {
            true => PagesEnvironment::Production,
            false => PagesEnvironment::Preview,
        };
        let config = self.flags.read(environment)?.map(|read| {
            for warning in &read.warnings {
                output::warning(warning);
            }
            read.config
        });
        let code = self.code(&directory, config.as_ref()).await?;
        self.upload(&place, &files).await?;
        let form = form(&directory, &files, &commit, code)?;
        let spinner = Spinner::start(format!("Deploying {}", place.name()));
        let answer: Result<Answer<Deployment>, _> = place
            .api()
            .write(Method::POST, &place.path("/deployments"), &[], form)
            .await;
        drop(spinner);
        tell(&answer.map_err(|error| place.failure(error))?.result);
        Ok(())
    }

    /// What flags say of the commit, and git where they do not.
    fn commit(&self, project: &Project) -> Commit {
        let or_git = |flag: &Option<String>, arguments: &[&str]| {
            flag.clone().or_else(|| git(arguments)).unwrap_or_default()
        };
        let branch = or_git(&self.branch, &["rev-parse", "--abbrev-ref", "HEAD"]);
        Commit {
            branch: match branch.as_str() {
                "" | "HEAD" => project.production_branch.to_string(),
                _ => branch,
            },
            hash: or_git(&self.commit_hash, &["rev-parse", "HEAD"]),
            message: or_git(&self.commit_message, &["log", "-1", "--pretty=%s"]),
            is_dirty: self.commit_dirty.unwrap_or_else(|| {
                git(&["status", "--porcelain"]).is_some_and(|text| !text.is_empty())
            }),
        }
    }

    /// `_worker.js`, or the functions beside the directory, or no code.
    async fn code(
        &self,
        directory: &Path,
        config: Option<&Config>,
    ) -> Result<Option<Code>, Failure> {
        let absolute = |path: &Path| {
            std::path::absolute(path).map_err(|error| {
                Failure::error(&format!("failed to find {}", path.display()), error)
            })
        };
        let directory = &absolute(directory)?;
        let beside = &absolute(config.map_or(Path::new("."), Config::directory))?;
        let recipe = || {
            let mut recipe = Recipe::of_pages(config, beside, Purpose::Deployment)?;
            recipe.settings.no_bundle |= self.no_bundle;
            recipe.source_map |= self.upload_source_maps;
            Ok::<_, bundle::BundleError>(recipe)
        };
        let given = std::fs::read_to_string(directory.join("_routes.json")).ok();
        let worker = directory.join("_worker.js");
        let functions = beside.join("functions");
        let (bundled, routes) = if worker.exists() {
            let recipe = recipe().map_err(Failure::usage)?;
            let bundled = bundle_worker_js(&worker, &recipe).await;
            (bundled.map_err(Failure::sentence)?, given)
        } else if functions.is_dir() {
            let recipe = recipe().map_err(Failure::usage)?;
            let made = bundle_functions(&functions, &recipe).await;
            let Some(made) = made.map_err(Failure::sentence)? else {
                return Ok(None);
            };
            (made.bundled, Some(given.unwrap_or(made.routes)))
        } else {
            return Ok(None);
        };
        let body = Upload {
            bundled: Some(bundled),
            bindings: config.map(of_config).unwrap_or_default(),
            config,
            assets: None,
            annotations: BTreeMap::new(),
            keeps: Keeps::Nothing,
        }
        .body()?;
        Ok(Some(Code {
            bundle: Zeroizing::new(body.bytes().to_vec()),
            routes,
        }))
    }

    /// Sends the files that the server has not got.
    async fn upload(&self, place: &Place, files: &AssetFiles) -> Result<(), Failure> {
        let token: Answer<UploadToken> = place
            .api()
            .read(&place.path("/upload-token"), &[])
            .await
            .map_err(|error| place.failure(error))?;
        let token = Credentials::Token(Zeroizing::new(token.result.jwt));
        let mut hashes: Vec<_> = files.manifest().into_values().collect();
        hashes.sort_unstable();
        hashes.dedup();
        let api = place.api();
        let write = async |path: &str, body: Body| {
            api.write_as::<serde_json::Value>(&token, Method::POST, path, &[], body)
                .await
        };
        let asked = if self.skip_caching {
            hashes.iter().map(|hash| (*hash).to_owned()).collect()
        } else {
            let body = Body::json(&json!({ "hashes": hashes }));
            let answer = write("/pages/assets/check-missing", body).await?;
            let asked: Vec<String> = serde_json::from_value(answer.result).unwrap_or_default();
            asked
        };
        let bar = Bar::start("Uploading files", asked.len() as u64);
        let mut sent = 0;
        while sent < asked.len() {
            let (body, count) = batch(files, &asked[sent..])?;
            write("/pages/assets/upload", body).await?;
            sent += count;
            bar.reach(sent as u64);
        }
        drop(bar);
        if !hashes.is_empty() {
            let body = Body::json(&json!({ "hashes": hashes }));
            write("/pages/assets/upsert-hashes", body).await?;
        }
        if !output::is_json() {
            output::note(format_args!(
                "{} static files, of which {} were sent",
                files.len(),
                asked.len()
            ));
        }
        Ok(())
    }
}

/// As many files as one request may have, and how many they are.
fn batch(files: &AssetFiles, hashes: &[String]) -> Result<(Body, usize), Failure> {
    let mut parts = Vec::new();
    let mut bytes = 0;
    for hash in hashes.iter().take(FILES_AT_ONCE) {
        let (content_type, content) = files.with_hash(hash)?;
        bytes += content.len();
        if bytes > BYTES_AT_ONCE && !parts.is_empty() {
            break;
        }
        parts.push(json!({
            "key": hash,
            "value": STANDARD.encode(content),
            "metadata": { "contentType": content_type },
            "base64": true,
        }));
    }
    Ok((Body::json(&parts), parts.len()))
}

/// The project; where there is none, and somebody to ask, it is made.
async fn project(place: &Place) -> Result<Project, Failure> {
    let found: Result<Answer<Project>, _> = place.api().read(&place.path(""), &[]).await;
    match found {
        Ok(answer) => Ok(answer.result),
        Err(error) if Place::is_missing(&error) && output::may_ask() => {
            let question = format!("There is no Pages project {}. Make it?", place.name());
            if !prompt::confirm(&question, true, "")? {
                return Err(Failure::not_found("nothing was deployed"));
            }
            let new = json!({ "name": place.name(), "production_branch": "main" });
            let made: Answer<Project> = place
                .api()
                .write(Method::POST, &place.projects_path(), &[], Body::json(&new))
                .await?;
            Ok(made.result)
        }
        Err(error) => Err(place.failure(error)),
    }
}

fn form(
    directory: &Path,
    files: &AssetFiles,
    commit: &Commit,
    code: Option<Code>,
) -> Result<Body, Failure> {
    let mut form = Form::default();
    let mut field = |name: &str, file: bool, content: Vec<u8>| {
        form.add(Part {
            name: name.to_owned(),
            file_name: file.then(|| name.to_owned()),
            content_type: file.then(|| "application/octet-stream".to_owned()),
            content: Zeroizing::new(content),
        });
    };
    let manifest = serde_json::to_vec(&files.manifest())
        .map_err(|error| Failure::error("failed to list the files", error))?;
    field("manifest", false, manifest);
    field("branch", false, commit.branch.clone().into_bytes());
    field("commit_hash", false, commit.hash.clone().into_bytes());
    field("commit_message", false, commit.message.clone().into_bytes());
    field(
        "commit_dirty",
        false,
        commit.is_dirty.to_string().into_bytes(),
    );
    for name in ["_headers", "_redirects"] {
        if let Ok(content) = std::fs::read(directory.join(name)) {
            field(name, true, content);
        }
    }
    if let Some(code) = code {
        field("_worker.bundle", true, code.bundle.to_vec());
        if let Some(routes) = code.routes {
            field("_routes.json", true, routes.into_bytes());
        }
    }
    Ok(form.body(&random::boundary()))
}

fn tell(deployment: &Deployment) {
    if output::is_json() {
        output::json(deployment);
        return;
    }
    output::note(format_args!(
        "Deployed to {} of {}",
        deployment.environment, deployment.project_name
    ));
    output::data(&deployment.url);
    for alias in deployment.aliases.iter().flatten() {
        output::data(alias);
    }
}

/// What git says, if it is there and this is a repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
