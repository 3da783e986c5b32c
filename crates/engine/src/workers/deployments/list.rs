//! Listing deployments.

use coffer_protocol::workers::Deployment;
use coffer_store::rows::{Slice, deployments};
use coffer_types::WorkerName;
use coffer_types::limits::LISTED_DEPLOYMENTS;

use crate::authorize::{Permit, ViewWorkers};
use crate::engine::Engine;
use crate::error::Result;
use crate::workers::current::existing;
use crate::workers::view;

impl Engine {
    /// A Worker's newest deployments, the active one first.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`].
    pub async fn list_deployments(
        &self,
        permit: &Permit<ViewWorkers>,
        name: &WorkerName,
    ) -> Result<Vec<Deployment>> {
        let mut reader = self.store.reader().await?;
        let worker = existing(&mut reader, permit.account_id(), name).await?;
        let slice = Slice {
            limit: LISTED_DEPLOYMENTS,
            offset: 0,
        };
        let rows = deployments::list(&mut reader, worker.id, slice).await?;
        Ok(rows.iter().map(view::deployment).collect())
    }
}
