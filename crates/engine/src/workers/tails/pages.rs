//! Tails of Pages deployments. What runs a deployment is a Worker's version, so its tail is one of that version only.

use coffer_store::Written;
use coffer_store::rows::pages_deployments;
use coffer_store::rows::pages_projects::{self, PagesProjectRow};
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{PagesProjectName, TailId, VersionId};
use serde_json::{Value, json};

use super::create::{NewTail, without_key};
use super::filter::TailFilters;
use crate::authorize::{DeployPages, Permit};
use crate::engine::Engine;
use crate::error::{Missing, Result};
use crate::mutate::About;
use crate::pages::projects::existing;

impl Engine {
    /// Makes a tail of a deployment, as [`Engine::create_tail`] does of a Worker.
    ///
    /// # Errors
    /// [`Missing::PagesProject`], [`Missing::PagesDeployment`], [`crate::Problem::TailFilter`], or
    /// [`crate::Limit::Tails`].
    pub async fn create_pages_tail(
        &self,
        permit: &Permit<DeployPages>,
        name: &PagesProjectName,
        deployment: &str,
        filters: &[Value],
    ) -> Result<NewTail> {
        let (project, deployment) = {
            let mut reader = self.store.reader().await?;
            let project = existing(&mut reader, permit.account_id(), name).await?;
            let id = deployment_id(deployment)?;
            let found = pages_deployments::find(&mut reader, project.id, id).await?;
            (project, found.ok_or(Missing::PagesDeployment)?.id)
        };
        let filters = TailFilters::parse(filters, permit.caller.request.ip)?;
        let filters = filters.of_version(deployment);
        let worker_id = project.id.worker_id();
        let tell = |id| self.tell_of_pages_tail(permit, &project, deployment, id, Action::Create);
        self.begin_tail(worker_id, filters, tell).await
    }

    /// Ends a tail of a deployment, also of one that is gone by now.
    ///
    /// # Errors
    /// [`Missing::PagesProject`], [`Missing::PagesDeployment`], or [`Missing::Tail`].
    pub async fn delete_pages_tail(
        &self,
        permit: &Permit<DeployPages>,
        name: &PagesProjectName,
        deployment: &str,
        id: &str,
    ) -> Result<()> {
        let project = {
            let mut reader = self.store.reader().await?;
            existing(&mut reader, permit.account_id(), name).await?
        };
        let deployment = deployment_id(deployment)?;
        let id: TailId = id.parse().map_err(|_| Missing::Tail)?;
        let worker_id = project.id.worker_id();
        if !self.tails.knows_of_version(worker_id, deployment, id) {
            return Err(Missing::Tail.into());
        }
        self.tell_of_pages_tail(permit, &project, deployment, id, Action::Delete)
            .await?;
        self.tails.remove(id);
        Ok(())
    }

    /// Writes down that a tail was made, of a deployment that is there, or ended, of a project that is there.
    async fn tell_of_pages_tail(
        &self,
        permit: &Permit<DeployPages>,
        project: &PagesProjectRow,
        deployment: VersionId,
        id: TailId,
        action: Action,
    ) -> Result<()> {
        let caller = without_key(&permit.caller);
        let details = json!({
            "project_id": project.id,
            "project_name": project.name,
            "deployment_id": deployment,
        });
        let about = About {
            action,
            resource_kind: ResourceKind::Tail,
            resource_id: id.to_string(),
            details,
        };
        let event = self.event(&permit.caller, permit.account_id(), about);
        let project_id = project.id;
        self.mutate(&caller, move |tx| {
            let event = event.clone();
            Box::pin(async move {
                let found = pages_projects::find(tx, project_id).await?;
                found.ok_or(Missing::PagesProject)?;
                if action == Action::Create {
                    let found = pages_deployments::find(tx, project_id, deployment).await?;
                    found.ok_or(Missing::PagesDeployment)?;
                }
                Ok(Written::new((), event))
            })
        })
        .await
    }
}

fn deployment_id(text: &str) -> Result<VersionId> {
    text.parse().map_err(|_| Missing::PagesDeployment.into())
}
