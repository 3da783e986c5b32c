//! Keeping a deployment with all that belongs to it, in one transaction.

use bytes::Bytes;
use coffer_protocol::pages::Deployment;
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::pages_deployments::{self, PagesDeploymentRow};
use coffer_store::rows::pages_projects::{self, PagesProjectRow};
use coffer_store::rows::worker_secrets::WorkerSecretRow;
use coffer_store::rows::{Slice, blobs, pages_deployment_secrets};
use coffer_store::{StoreError, Tx, Written};
use coffer_types::PagesEnvironment;
use coffer_types::audit::Action;
use coffer_types::limits::DEPLOYMENTS_PER_PAGES_PROJECT;
use serde::{Deserialize, Serialize};

use crate::assets::KeptManifest;
use crate::authorize::{DeployPages, Permit};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Result};
use crate::pages::projects::existing;
use crate::pages::view;

/// A deployment that was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Deployed {
    pub(super) deployment: Deployment,
    /// The last change that edges must follow to serve it.
    pub(super) seq: u64,
}

/// Everything that one transaction writes.
pub(super) struct Plan {
    /// The project as it was read.
    pub(super) project: PagesProjectRow,
    pub(super) row: PagesDeploymentRow,
    /// The sealed values that the deployment reads.
    pub(super) secrets: Vec<WorkerSecretRow>,
    /// The contents of its modules.
    pub(super) contents: Vec<Bytes>,
    pub(super) manifest: KeptManifest,
}

impl Engine {
    pub(super) async fn write_pages_deployment(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<DeployPages>,
        plan: &Plan,
    ) -> Result<Written<Deployed>> {
        let before = unchanged(tx, permit, &plan.project).await?;
        let mut project = before.clone();
        let mut row = plan.row.clone();
        project.last_deployment = project.last_deployment.saturating_add(1);
        row.number = project.last_deployment;
        if row.environment == PagesEnvironment::Production {
            project.production_deployment = Some(row.id);
        }
        for (module, content) in row.facts.version.modules.iter().zip(&plan.contents) {
            blobs::insert(tx, module.digest, content).await?;
        }
        plan.manifest.keep(tx, "/manifest").await?;
        pages_deployments::insert(tx, &row).await.map_err(changed)?;
        for secret in &plan.secrets {
            pages_deployment_secrets::insert(tx, row.id, secret).await?;
        }
        pages_projects::update_deployments(tx, &project).await?;
        changes::record(tx, project.account_id, ChangeSubject::Version(row.id)).await?;
        let mut events = vec![self.pages_deployment_event(permit, &project, &row, Action::Create)];
        for old in too_many(tx, &project).await? {
            events.push(
                self.drop_pages_deployment(tx, permit, &project, &old)
                    .await?,
            );
        }
        let subject = ChangeSubject::PagesProject(project.id);
        let seq = changes::record(tx, project.account_id, subject).await?;
        let deployed = Deployed {
            deployment: view::shown_deployment(tx, &project, &row).await?,
            seq,
        };
        Written::with_events(deployed, events)
            .ok_or_else(|| Error::Internal("no events".to_owned()))
    }
}

/// The project, if what the deployment was made of is still so.
async fn unchanged(
    tx: &mut Tx<'_>,
    permit: &Permit<DeployPages>,
    read: &PagesProjectRow,
) -> Result<PagesProjectRow> {
    let now = existing(tx, permit.account_id(), &read.name).await?;
    let same = now.id == read.id
        && now.production_branch == read.production_branch
        && now.configurations == read.configurations;
    if same {
        Ok(now)
    } else {
        Err(Conflict::PagesProjectChanged.into())
    }
}

/// Deployments to be removed, so that the project has no more than it may: the oldest of those that answer only at
/// their own host names, or else the oldest but for the one that is production.
async fn too_many(tx: &mut Tx<'_>, project: &PagesProjectRow) -> Result<Vec<PagesDeploymentRow>> {
    let (held, total) = pages_deployments::list(
        tx,
        project.id,
        None,
        Slice {
            limit: u32::MAX,
            offset: u64::from(DEPLOYMENTS_PER_PAGES_PROJECT),
        },
    )
    .await?;
    if held.is_empty() {
        return Ok(Vec::new());
    }
    let all = pages_deployments::list(tx, project.id, None, Slice::ALL)
        .await?
        .0;
    let previews = pages_deployments::previews(tx, project.id).await?;
    let live = project.production_deployment;
    let aliased = |row: &PagesDeploymentRow| previews.iter().any(|(_, id)| *id == row.id);
    let mut removable: Vec<_> = all
        .into_iter()
        .rev()
        .filter(|row| Some(row.id) != live)
        .collect();
    // The sort is stable: within each half the oldest stay first.
    removable.sort_by_key(aliased);
    let excess = total.saturating_sub(DEPLOYMENTS_PER_PAGES_PROJECT);
    removable.truncate(usize::try_from(excess).unwrap_or(usize::MAX));
    Ok(removable)
}

/// A number that is taken was free when the project was read.
fn changed(error: StoreError) -> Error {
    match error {
        StoreError::Taken(_) => Conflict::PagesProjectChanged.into(),
        other => other.into(),
    }
}
