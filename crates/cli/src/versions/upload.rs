//! `coffer versions upload`.

use clap::Args;
use coffer_protocol::workers::{Version, Worker as WorkerShape};
use http::Method;
use serde_json::json;

use crate::api::{Answer, segment};
use crate::deploy::{LabelFlags, check, form};
use crate::failure::Failure;
use crate::output::{self, Spinner};
use crate::source::SourceFlags;
use crate::worker::{Worker, WorkerFlags};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  coffer versions upload --message \"try the new parser\"")]
pub(crate) struct Upload {
    #[command(flatten)]
    source: SourceFlags,
    #[command(flatten)]
    labels: LabelFlags,
    /// Build and check, and upload nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    worker: WorkerFlags,
}

impl Upload {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let source = self.source.prepare(&self.worker.project).await?;
        source.tell();
        if self.dry_run {
            output::note("Nothing was uploaded: --dry-run");
            return Ok(());
        }
        let worker = self.worker.open().await?;
        if check(&worker, &source).await? {
            return Err(Failure::not_found(format!(
                "there is no Worker {} yet: `coffer deploy` makes it, with its first version",
                worker.name()
            )));
        }
        let body = form(&worker, source, &self.labels).await?;
        let spinner = Spinner::start(format!("Uploading a version of {}", worker.name()));
        let answer: Result<Answer<Version>, _> = worker
            .api()
            .write(Method::POST, &worker.script_path("/versions"), &[], body)
            .await;
        drop(spinner);
        let version = answer?.result;
        let preview = preview(&worker, &version).await?;
        if output::is_json() {
            output::json(&json!({
                "worker": worker.name(),
                "version_id": version.id,
                "number": version.number,
                "preview_url": preview,
            }));
            return Ok(());
        }
        output::note(format_args!(
            "Version {} of Worker {} is uploaded, and gets no traffic yet",
            version.number,
            worker.name()
        ));
        output::data(&version.id.to_string());
        if let Some(preview) = preview {
            output::note(format_args!("Preview: {preview}"));
        }
        output::note(format_args!(
            "To deploy it: coffer versions deploy {}",
            version.id
        ));
        Ok(())
    }
}

/// Where the version can be looked at before it is deployed.
async fn preview(worker: &Worker, version: &Version) -> Result<Option<String>, Failure> {
    let path = worker.workers_path(&format!("/workers/{}", segment(worker.name().as_str())));
    let answer: Answer<WorkerShape> = worker.api().read(&path, &[]).await?;
    let subdomain = answer.result.subdomain;
    let id = version.id.to_string();
    let has_preview = subdomain.state.previews_enabled && version.metadata.has_preview;
    let scheme = subdomain
        .url
        .as_deref()
        .and_then(|url| url.split_once("://"));
    let scheme = scheme.map_or("http", |(scheme, _)| scheme);
    Ok(subdomain
        .preview_url_suffix
        .filter(|_| has_preview)
        .map(|suffix| format!("{scheme}://{}{suffix}", &id[..8])))
}
