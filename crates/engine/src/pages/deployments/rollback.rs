//! Going back to an earlier deployment to production.

use std::sync::Arc;

use coffer_protocol::pages::Deployment;
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::pages_projects;
use coffer_store::{Tx, Written};
use coffer_types::{PagesEnvironment, PagesProjectName, VersionId};

use super::find::deployment_of;
use super::write::Deployed;
use crate::authorize::{DeployPages, Permit};
use crate::engine::Engine;
use crate::error::{Conflict, Result};
use crate::pages::projects::existing;
use crate::pages::view;

impl Engine {
    /// Lets a deployment to production answer at the project's own host name again, with the variables and secrets that
    /// it was made with, until the next one is made. Waits a moment for the edges to do so.
    ///
    /// # Errors
    /// [`crate::Missing::PagesProject`], [`crate::Missing::PagesDeployment`]; [`Conflict::PagesDeploymentPreview`].
    pub async fn roll_back_pages(
        &self,
        permit: &Permit<DeployPages>,
        name: &PagesProjectName,
        id: VersionId,
    ) -> Result<Deployment> {
        let repeated: Option<Deployed> = self.repeated(&permit.caller).await?;
        if let Some(deployed) = repeated {
            return Ok(deployed.deployment);
        }
        let mut reader = self.store.reader().await?;
        let project = existing(&mut reader, permit.account_id(), name).await?;
        let row = deployment_of(&mut reader, &project, id).await?;
        // What would change nothing is no change, and no event.
        if project.production_deployment == Some(id) {
            return Ok(view::shown_deployment(&mut reader, &project, &row).await?);
        }
        drop(reader);
        let (engine, permit, name) = (self.clone(), permit.clone(), name.clone());
        let caller = Arc::clone(&permit.caller);
        let deployed = self
            .mutate(&caller, move |tx| {
                let (engine, permit, name) = (engine.clone(), permit.clone(), name.clone());
                Box::pin(async move { engine.write_rollback(tx, &permit, &name, id).await })
            })
            .await?;
        self.await_applied(deployed.seq).await;
        Ok(deployed.deployment)
    }

    async fn write_rollback(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<DeployPages>,
        name: &PagesProjectName,
        id: VersionId,
    ) -> Result<Written<Deployed>> {
        let before = existing(tx, permit.account_id(), name).await?;
        let row = deployment_of(tx, &before, id).await?;
        if row.environment != PagesEnvironment::Production {
            return Err(Conflict::PagesDeploymentPreview.into());
        }
        let mut project = before.clone();
        project.production_deployment = Some(id);
        pages_projects::update_deployments(tx, &project).await?;
        let subject = ChangeSubject::PagesProject(project.id);
        let seq = changes::record(tx, project.account_id, subject).await?;
        let deployment = view::shown_deployment(tx, &project, &row).await?;
        let event = self.pages_rollback_event(permit, &before, &row);
        Ok(Written::new(Deployed { deployment, seq }, event))
    }
}
