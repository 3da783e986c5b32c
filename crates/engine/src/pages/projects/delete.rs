//! Removing a project with its secrets and its deployments.

use std::sync::Arc;

use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::{Slice, pages_deployments, pages_projects};
use coffer_store::{Tx, Written};
use coffer_types::audit::Action;
use coffer_types::{PagesConfigurations, PagesProjectId, PagesProjectName};
use serde_json::json;

use super::find::existing;
use crate::authorize::{DeployPages, Permit};
use crate::engine::Engine;
use crate::error::{Error, Result};

impl Engine {
    /// Removes a project with its deployments. Its secrets' values are gone for good. Waits a moment for the edges to
    /// stop what they serve.
    ///
    /// # Errors
    /// [`crate::Missing::PagesProject`].
    pub async fn delete_pages_project(
        &self,
        permit: &Permit<DeployPages>,
        name: &PagesProjectName,
    ) -> Result<()> {
        let (engine, permit, name) = (self.clone(), permit.clone(), name.clone());
        let caller = Arc::clone(&permit.caller);
        let (project_id, seq): (PagesProjectId, u64) = self
            .mutate(&caller, move |tx| {
                let (engine, permit, name) = (engine.clone(), permit.clone(), name.clone());
                Box::pin(async move { engine.remove_pages_project(tx, &permit, &name).await })
            })
            .await?;
        self.tails.remove_all_of(project_id.worker_id());
        self.await_applied(seq).await;
        Ok(())
    }

    async fn remove_pages_project(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<DeployPages>,
        name: &PagesProjectName,
    ) -> Result<Written<(PagesProjectId, u64)>> {
        let project = existing(tx, permit.account_id(), name).await?;
        let (deployments, count) =
            pages_deployments::list(tx, project.id, None, Slice::ALL).await?;
        pages_projects::delete(tx, project.id).await?;
        for deployment in &deployments {
            let subject = ChangeSubject::Version(deployment.id);
            changes::record(tx, project.account_id, subject).await?;
        }
        let gone = deployments.iter().map(|one| &one.facts.version);
        self.free_contents(tx, project.account_id, gone).await?;
        let subject = ChangeSubject::PagesProject(project.id);
        let seq = changes::record(tx, project.account_id, subject).await?;
        let nothing = PagesConfigurations::default();
        let mut events =
            self.pages_secret_events(permit, &project, &project.configurations, &nothing);
        let mut event = self.pages_project_event(permit, Some(&project), None, Action::Delete);
        event.details["deployments"] = json!(count);
        events.push(event);
        Written::with_events((project.id, seq), events)
            .ok_or_else(|| Error::Internal("no events".to_owned()))
    }
}
