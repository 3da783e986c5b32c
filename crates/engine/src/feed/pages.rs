//! Pages projects in the feed. A deployment is a version of a Worker that has no row: the project stands for it.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use coffer_protocol::feed::{PagesProjectRecord, Record, VersionRecord};
use coffer_store::rows::pages_deployments::{self, PagesDeploymentRow};
use coffer_store::rows::pages_projects::{self, PagesProjectRow};
use coffer_store::rows::versions::VersionRow;
use coffer_store::rows::worker_secrets::WorkerSecretRow;
use coffer_store::rows::{Slice, pages_deployment_secrets};
use coffer_store::{Reader, Rows, StoreError};
use coffer_types::{PagesProjectId, VersionId};

use super::version_record_of;

/// A project and all its deployments.
pub(super) async fn records(
    reader: &mut Reader,
    project: PagesProjectRow,
) -> Result<Vec<Record>, StoreError> {
    let (deployments, _) = pages_deployments::list(reader, project.id, None, Slice::ALL).await?;
    let mut records = Vec::with_capacity(deployments.len() + 1);
    for deployment in deployments {
        records.push(version(reader, &project, deployment).await?);
    }
    records.push(Record::PagesProject(told(reader, project).await?));
    Ok(records)
}

/// A project as it is now.
pub(super) async fn project_record(
    reader: &mut Reader,
    id: PagesProjectId,
) -> Result<Option<Record>, StoreError> {
    Ok(match pages_projects::find(reader, id).await? {
        Some(project) => Some(Record::PagesProject(told(reader, project).await?)),
        None => None,
    })
}

/// A deployment of whichever project.
pub(super) async fn deployment_record(
    reader: &mut Reader,
    id: VersionId,
) -> Result<Option<Record>, StoreError> {
    let Some(deployment) = pages_deployments::find_any(reader, id).await? else {
        return Ok(None);
    };
    Ok(
        match pages_projects::find(reader, deployment.project_id).await? {
            Some(project) => Some(version(reader, &project, deployment).await?),
            None => None,
        },
    )
}

/// A deployment with its sealed values as edges know it.
pub(crate) fn deployment_version(
    project: &PagesProjectRow,
    deployment: PagesDeploymentRow,
    secrets: Vec<WorkerSecretRow>,
) -> Result<VersionRecord, StoreError> {
    let name = project.name.as_str().parse();
    let worker_name = name.map_err(|error| StoreError::damaged("Pages project name", error))?;
    let sealed: HashMap<_, _> = secrets
        .into_iter()
        .map(|secret| (secret.id, Bytes::from(secret.sealed)))
        .collect();
    let version = VersionRow {
        id: deployment.id,
        worker_id: project.id.worker_id(),
        number: deployment.number,
        facts: deployment.facts.version,
        created_at: deployment.created_at,
    };
    Ok(version_record_of(
        (project.account_id, worker_name),
        version,
        |id| sealed.get(&id).cloned(),
    ))
}

async fn version(
    reader: &mut Reader,
    project: &PagesProjectRow,
    deployment: PagesDeploymentRow,
) -> Result<Record, StoreError> {
    let secrets = pages_deployment_secrets::of_deployment(reader, deployment.id).await?;
    let version = deployment_version(project, deployment, secrets)?;
    Ok(Record::Version(Arc::new(version)))
}

async fn told(
    rows: &mut impl Rows,
    project: PagesProjectRow,
) -> Result<PagesProjectRecord, StoreError> {
    let mut branches: Vec<(String, VersionId)> = Vec::new();
    for (branch, id) in pages_deployments::previews(rows, project.id).await? {
        // Of branches that differ only in what a host name cannot say, the newest deployment is meant.
        if let Some(alias) = branch.alias()
            && !branches.iter().any(|(taken, _)| *taken == alias)
        {
            branches.push((alias, id));
        }
    }
    Ok(PagesProjectRecord {
        account_id: project.account_id,
        project_id: project.id,
        worker_id: project.id.worker_id(),
        label: project.label,
        production: project.production_deployment,
        branches,
    })
}
