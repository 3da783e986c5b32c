//! Removing a deployment.

use std::sync::Arc;

use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::pages_deployments::{self, PagesDeploymentRow};
use coffer_store::rows::pages_projects::PagesProjectRow;
use coffer_store::{Tx, Written};
use coffer_types::audit::Action;
use coffer_types::{PagesProjectName, VersionId};

use super::find::deployment_of;
use crate::authorize::{DeployPages, Permit};
use crate::engine::Engine;
use crate::error::{Conflict, Result};
use crate::pages::projects::existing;

impl Engine {
    /// Removes a deployment, which then answers nowhere, and ends its tails; with `force` even its branch's newest. The
    /// branch's host name then is that of the branch's deployment before it, with the variables and secrets that this one
    /// was made with; if there is none, it answers nothing. Waits a moment for the edges to stop it.
    ///
    /// # Errors
    /// [`crate::Missing::PagesProject`], [`crate::Missing::PagesDeployment`]; [`Conflict::PagesDeploymentLive`],
    /// [`Conflict::PagesDeploymentAliased`].
    pub async fn delete_pages_deployment(
        &self,
        permit: &Permit<DeployPages>,
        name: &PagesProjectName,
        id: VersionId,
        force: bool,
    ) -> Result<()> {
        let (engine, permit, name) = (self.clone(), permit.clone(), name.clone());
        let caller = Arc::clone(&permit.caller);
        let seq = self
            .mutate(&caller, move |tx| {
                let (engine, permit, name) = (engine.clone(), permit.clone(), name.clone());
                Box::pin(async move {
                    let project = existing(tx, permit.account_id(), &name).await?;
                    let row = deployment_of(tx, &project, id).await?;
                    check_unused(tx, &project, id, force).await?;
                    let event = engine
                        .drop_pages_deployment(tx, &permit, &project, &row)
                        .await?;
                    let subject = ChangeSubject::PagesProject(project.id);
                    let seq = changes::record(tx, project.account_id, subject).await?;
                    Ok(Written::new(seq, event))
                })
            })
            .await?;
        self.tails.end_all_of_version(id);
        self.await_applied(seq).await;
        Ok(())
    }

    /// Removes a deployment with what only it has, and gives the event that tells of it. The project's change is the
    /// caller's to record.
    pub(in crate::pages) async fn drop_pages_deployment<P: Sync>(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<P>,
        project: &PagesProjectRow,
        row: &PagesDeploymentRow,
    ) -> Result<NewEvent> {
        pages_deployments::delete(tx, row.id).await?;
        self.free_contents(tx, project.account_id, std::iter::once(&row.facts.version))
            .await?;
        changes::record(tx, project.account_id, ChangeSubject::Version(row.id)).await?;
        Ok(self.pages_deployment_event(permit, project, row, Action::Delete))
    }
}

async fn check_unused(
    tx: &mut Tx<'_>,
    project: &PagesProjectRow,
    id: VersionId,
    force: bool,
) -> Result<()> {
    if project.production_deployment == Some(id) {
        return Err(Conflict::PagesDeploymentLive.into());
    }
    let previews = pages_deployments::previews(tx, project.id).await?;
    if !force && previews.iter().any(|(_, newest)| *newest == id) {
        return Err(Conflict::PagesDeploymentAliased.into());
    }
    Ok(())
}
