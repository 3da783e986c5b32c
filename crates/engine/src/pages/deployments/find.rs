//! Finding one deployment.

use coffer_protocol::pages::Deployment;
use coffer_store::Rows;
use coffer_store::rows::pages_deployments::{self, PagesDeploymentRow};
use coffer_store::rows::pages_projects::PagesProjectRow;
use coffer_types::{PagesProjectName, VersionId};

use crate::authorize::{Permit, ViewPages};
use crate::engine::Engine;
use crate::error::{Missing, Result};
use crate::pages::projects::existing;
use crate::pages::view;

impl Engine {
    /// A deployment of a project.
    ///
    /// # Errors
    /// [`Missing::PagesProject`] or [`Missing::PagesDeployment`].
    pub async fn pages_deployment(
        &self,
        permit: &Permit<ViewPages>,
        name: &PagesProjectName,
        id: VersionId,
    ) -> Result<Deployment> {
        let mut reader = self.store.reader().await?;
        let project = existing(&mut reader, permit.account_id(), name).await?;
        let found = deployment_of(&mut reader, &project, id).await?;
        Ok(view::shown_deployment(&mut reader, &project, &found).await?)
    }
}

/// The project's deployment, or the refusal.
pub(super) async fn deployment_of(
    rows: &mut impl Rows,
    project: &PagesProjectRow,
    id: VersionId,
) -> Result<PagesDeploymentRow> {
    pages_deployments::find(rows, project.id, id)
        .await?
        .ok_or_else(|| Missing::PagesDeployment.into())
}
