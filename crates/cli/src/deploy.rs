//! `coffer deploy`: the project's code, with all its traffic.

mod places;

use std::collections::BTreeMap;

use clap::Args;
use coffer_protocol::workers::{Script, WorkerSecret};
use coffer_types::VersionId;
use http::Method;
use serde_json::json;

use crate::api::Answer;
use crate::failure::Failure;
use crate::output::{self, Spinner, prompt};
use crate::source::{Source, SourceFlags};
use crate::upload::{Keeps, Upload};
use crate::worker::{Worker, WorkerFlags};
use places::PlaceFlags;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  coffer deploy\n  coffer deploy src/index.ts --name hello --compatibility-date 2026-11-01\n  coffer deploy --env staging --dry-run\n  coffer deploy --secrets-file .env.production"
)]
pub(crate) struct Deploy {
    #[command(flatten)]
    source: SourceFlags,
    #[command(flatten)]
    labels: LabelFlags,
    /// Build and check, and deploy nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    places: PlaceFlags,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    worker: WorkerFlags,
}

/// What people say of a version.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct LabelFlags {
    /// What people say of the version
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// A short name of the version
    #[arg(long, value_name = "TEXT")]
    tag: Option<String>,
}

impl LabelFlags {
    pub(crate) fn annotations(&self) -> BTreeMap<&'static str, String> {
        let message = self.message.clone().map(|text| ("workers/message", text));
        let tag = self.tag.clone().map(|text| ("workers/tag", text));
        message.into_iter().chain(tag).collect()
    }
}

impl Deploy {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let source = self.source.prepare(&self.worker.project).await?;
        source.tell();
        if self.dry_run {
            output::note("Nothing was deployed: --dry-run");
            return Ok(());
        }
        let worker = self.worker.open().await?;
        let is_new = check(&worker, &source).await?;
        if !is_new && !self.yes {
            agree_to_end_split(&worker).await?;
        }
        let config = source.config.clone();
        let script = upload(&worker, source, &self.labels).await?;
        settings(&worker, &config).await?;
        let places = self.places.apply(&worker, &config, is_new).await?;
        let version = script.deployment_id.as_deref().and_then(version_id);
        if output::is_json() {
            output::json(
                &json!({ "worker": worker.name(), "version_id": version, "urls": places }),
            );
            return Ok(());
        }
        output::note(format_args!("Worker {} is deployed", worker.name()));
        for place in &places {
            output::data(place);
        }
        if let Some(version) = version {
            output::note(format_args!("Version {version}"));
        }
        Ok(())
    }
}

/// Whether the Worker is new. Refuses a version without the secrets that its configuration requires.
pub(crate) async fn check(worker: &Worker, source: &Source) -> Result<bool, Failure> {
    let path = worker.script_path("/secrets");
    let secrets: Result<Answer<Vec<WorkerSecret>>, _> = worker.api().read(&path, &[]).await;
    let (is_new, present) = match secrets {
        Ok(answer) => (false, answer.result),
        Err(error) if Worker::is_missing(&error) => (true, Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let present: Vec<_> = present
        .iter()
        .map(|secret| secret.name.to_string())
        .collect();
    let missing = source.missing_secrets(&present);
    if missing.is_empty() {
        return Ok(is_new);
    }
    Err(Failure::usage(format!(
        "Worker {} lacks secrets that its configuration requires: {}; set them with `coffer secret put NAME`, or give \
         them with --secrets-file. Nothing was deployed",
        worker.name(),
        missing.join(", ")
    )))
}

/// A deploy gives all traffic to one version: asks if it is divided now.
async fn agree_to_end_split(worker: &Worker) -> Result<(), Failure> {
    let deployments = worker.deployments().await?;
    let is_split = deployments
        .first()
        .is_some_and(|live| live.versions.len() > 1);
    if !is_split {
        return Ok(());
    }
    output::warning(format_args!(
        "the traffic of Worker {} is divided between two versions; this deploy gives all of it to the new one",
        worker.name()
    ));
    if output::may_ask() && !prompt::confirm("Deploy all the same?", true, "add --yes")? {
        return Err(Failure::sentence("nothing was deployed"));
    }
    Ok(())
}

async fn upload(worker: &Worker, source: Source, labels: &LabelFlags) -> Result<Script, Failure> {
    let body = form(worker, source, labels).await?;
    let spinner = Spinner::start(format!("Deploying {}", worker.name()));
    let answer: Result<Answer<Script>, _> = worker
        .api()
        .write(Method::PUT, &worker.script_path(""), &[], body)
        .await;
    drop(spinner);
    Ok(answer?.result)
}

/// The upload of a source, whose static files are sent first.
pub(crate) async fn form(
    worker: &Worker,
    source: Source,
    labels: &LabelFlags,
) -> Result<crate::api::Body, Failure> {
    let assets = match source.assets {
        Some(assets) => Some(
            assets
                .upload(
                    worker.api(),
                    &worker.workers_path(""),
                    worker.name().as_str(),
                )
                .await?,
        ),
        None => None,
    };
    let keeps = if source.config.keep_vars {
        Keeps::SecretsAndVariables
    } else {
        Keeps::Secrets
    };
    Upload {
        bundled: source.bundled,
        bindings: source.bindings,
        config: Some(&source.config),
        assets,
        annotations: labels.annotations(),
        keeps,
    }
    .body()
}

/// What is not part of a version, if the configuration names any of it.
async fn settings(worker: &Worker, config: &coffer_wrangler_config::Config) -> Result<(), Failure> {
    let mut settings = serde_json::Map::new();
    let mut set = |name: &str, value: Option<serde_json::Value>| {
        settings.extend(value.map(|value| (name.to_owned(), value)));
    };
    set("logpush", config.logpush.map(Into::into));
    set(
        "observability",
        config.observability.as_ref().map(|value| json!(value)),
    );
    set(
        "tail_consumers",
        config.tail_consumers.as_ref().map(|value| json!(value)),
    );
    if settings.is_empty() {
        return Ok(());
    }
    let path = worker.script_path("/script-settings");
    let body = crate::api::Body::json(&settings);
    let _: Answer<serde_json::Value> = worker.api().write(Method::PATCH, &path, &[], body).await?;
    Ok(())
}

/// The upload's answer names the version without hyphens.
fn version_id(text: &str) -> Option<VersionId> {
    if text.len() != 32 || !text.is_ascii() {
        return text.parse().ok();
    }
    let parts = [
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    ];
    parts.join("-").parse().ok()
}
