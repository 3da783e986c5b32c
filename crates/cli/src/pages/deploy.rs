//! `coffer pages deploy`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use coffer_protocol::pages::{Deployment, Project};
use coffer_wrangler_config::{Config, PagesEnvironment};
use http::Method;
use serde_json::json;

use super::place::{PagesFlags, Place};
use crate::api::{Answer, Body};
use crate::bundle::{Purpose, Recipe};
use crate::failure::Failure;
use crate::output::{self, Spinner, prompt};
use crate::upload::assets::AssetFiles;
use crate::upload::pages::{Code, Commit, build, form, send_files};
use crate::upload::{Keeps, Upload, of_config};

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
        let sent = send_files(
            place.api(),
            &place.path(""),
            &files,
            self.skip_caching,
            |error| place.failure(error),
        )
        .await?;
        if !output::is_json() {
            output::note(format_args!(
                "{} static files, of which {sent} were sent",
                files.len()
            ));
        }
        let form = form(&directory, &files, &commit, code);
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
    ) -> Result<Option<(Body, Option<String>)>, Failure> {
        let absolute = |path: &Path| {
            std::path::absolute(path).map_err(|error| {
                Failure::error(&format!("failed to find {}", path.display()), error)
            })
        };
        let directory = &absolute(directory)?;
        let beside = &absolute(config.map_or(Path::new("."), Config::directory))?;
        let mut recipe =
            Recipe::of_pages(config, beside, Purpose::Deployment).map_err(Failure::usage)?;
        recipe.settings.no_bundle |= self.no_bundle;
        recipe.source_map |= self.upload_source_maps;
        let built = build(directory, &beside.join("functions"), &recipe).await;
        let Some(Code { bundled, routes }) = built.map_err(Failure::sentence)? else {
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
        Ok(Some((body, routes)))
    }
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
