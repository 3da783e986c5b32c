//! Listing deployments.

use coffer_protocol::pages::Deployment;
use coffer_store::rows::{Slice, pages_deployments};
use coffer_types::{PagesEnvironment, PagesProjectName};

use crate::authorize::{Permit, ViewPages};
use crate::engine::Engine;
use crate::error::Result;
use crate::pages::projects::existing;
use crate::pages::view;

/// Part of the list of a project's deployments.
#[derive(Clone, Debug)]
pub struct PagesDeploymentPage {
    /// The deployments.
    pub deployments: Vec<Deployment>,
    /// How many there are in all.
    pub total: u32,
}

impl Engine {
    /// Part of a project's deployments, the newest first; to one environment, if it is named.
    ///
    /// # Errors
    /// [`crate::Missing::PagesProject`].
    pub async fn list_pages_deployments(
        &self,
        permit: &Permit<ViewPages>,
        name: &PagesProjectName,
        environment: Option<PagesEnvironment>,
        slice: Slice,
    ) -> Result<PagesDeploymentPage> {
        let mut reader = self.store.reader().await?;
        let project = existing(&mut reader, permit.account_id(), name).await?;
        let (rows, total) =
            pages_deployments::list(&mut reader, project.id, environment, slice).await?;
        let previews = pages_deployments::previews(&mut reader, project.id).await?;
        Ok(PagesDeploymentPage {
            deployments: rows
                .iter()
                .map(|row| view::deployment(&project, row, &previews))
                .collect(),
            total,
        })
    }
}
