//! Finding one version.

use coffer_protocol::workers::Version;
use coffer_store::rows::versions;
use coffer_types::{VersionId, WorkerName};

use crate::authorize::{Permit, ViewWorkers};
use crate::engine::Engine;
use crate::error::{Missing, Result};
use crate::workers::current::existing;
use crate::workers::view;

impl Engine {
    /// A version of a Worker.
    ///
    /// # Errors
    /// [`Missing::Worker`] or [`Missing::Version`].
    pub async fn version(
        &self,
        permit: &Permit<ViewWorkers>,
        name: &WorkerName,
        id: VersionId,
    ) -> Result<Version> {
        let mut reader = self.store.reader().await?;
        let worker = existing(&mut reader, permit.account_id(), name).await?;
        let found = versions::find(&mut reader, worker.id, id).await?;
        Ok(view::version(&worker, &found.ok_or(Missing::Version)?))
    }
}
