//! `coffer versions secret list`.

use anstyle::Style;
use clap::Args;
use coffer_protocol::workers::{BindingShapeKind, Version};
use coffer_types::VersionId;
use serde::Serialize;

use crate::failure::Failure;
use crate::output;
use crate::versions::deploy::percent;
use crate::worker::{Worker, WorkerFlags};

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only of the newest version, deployed or not
    #[arg(long)]
    latest_version: bool,
    /// Accepted, as the documents of older releases show it; it changes nothing
    #[arg(long, hide = true)]
    x_versions: bool,
    #[command(flatten)]
    worker: WorkerFlags,
}

/// The secrets of one version.
#[derive(Serialize)]
struct OfVersion {
    version_id: VersionId,
    number: u32,
    /// Its share of traffic; `null` if it has none.
    percentage: Option<coffer_types::deployment::Percentage>,
    secrets: Vec<String>,
}

impl List {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let worker = self.worker.open().await?;
        let versions = if self.latest_version {
            newest(&worker).await?
        } else {
            deployed(&worker).await?
        };
        if output::is_json() {
            output::json(&versions);
            return Ok(());
        }
        for version in &versions {
            show(version);
        }
        Ok(())
    }
}

async fn newest(worker: &Worker) -> Result<Vec<OfVersion>, Failure> {
    let newest = worker.versions(false).await?.into_iter().next();
    Ok(newest.iter().map(|version| of(version, None)).collect())
}

async fn deployed(worker: &Worker) -> Result<Vec<OfVersion>, Failure> {
    let deployments = worker.deployments().await?;
    let Some(current) = deployments.first() else {
        return Err(Failure::not_found(format!(
            "Worker {} has no deployment: --latest-version shows its newest version",
            worker.name()
        )));
    };
    let mut versions = Vec::new();
    for share in &current.versions {
        let version = worker.version(share.version_id).await?;
        versions.push(of(&version, Some(share.percentage)));
    }
    Ok(versions)
}

fn of(version: &Version, percentage: Option<coffer_types::deployment::Percentage>) -> OfVersion {
    let secrets = version.resources.bindings.iter().filter(|binding| {
        matches!(
            binding.kind,
            BindingShapeKind::SecretText {} | BindingShapeKind::SecretKey { .. }
        )
    });
    OfVersion {
        version_id: version.id,
        number: version.number,
        percentage,
        secrets: secrets.map(|binding| binding.name.to_string()).collect(),
    }
}

fn show(version: &OfVersion) {
    let share = version
        .percentage
        .map_or_else(|| "not deployed".to_owned(), percent);
    let title = format!(
        "Version {} ({}), {share}",
        version.number, version.version_id
    );
    output::data(&output::on_stdout(&title, Style::new().bold()));
    if version.secrets.is_empty() {
        output::data("  no secrets");
    }
    for secret in &version.secrets {
        output::data(&format!("  {}", output::printable(secret)));
    }
}
