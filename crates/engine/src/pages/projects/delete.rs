//! Removing a project with its secrets.

use std::sync::Arc;

use coffer_store::rows::pages_projects;
use coffer_store::{Tx, Written};
use coffer_types::audit::Action;
use coffer_types::{PagesConfigurations, PagesProjectName};

use super::find::existing;
use crate::authorize::{DeployPages, Permit};
use crate::engine::Engine;
use crate::error::{Error, Result};

impl Engine {
    /// Removes a project. Its secrets' values are gone for good.
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
        self.mutate(&caller, move |tx| {
            let (engine, permit, name) = (engine.clone(), permit.clone(), name.clone());
            Box::pin(async move { engine.remove_pages_project(tx, &permit, &name).await })
        })
        .await
    }

    async fn remove_pages_project(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<DeployPages>,
        name: &PagesProjectName,
    ) -> Result<Written<()>> {
        let project = existing(tx, permit.account_id(), name).await?;
        pages_projects::delete(tx, project.id).await?;
        let nothing = PagesConfigurations::default();
        let mut events =
            self.pages_secret_events(permit, &project, &project.configurations, &nothing);
        events.push(self.pages_project_event(permit, Some(&project), None, Action::Delete));
        Written::with_events((), events).ok_or_else(|| Error::Internal("no events".to_owned()))
    }
}
