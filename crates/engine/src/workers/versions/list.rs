//! Listing versions.

use coffer_protocol::workers::Version;
use coffer_store::rows::{Slice, versions};
use coffer_types::WorkerName;
use coffer_types::limits::DEPLOYABLE_VERSIONS;

use crate::authorize::{Permit, ViewWorkers};
use crate::engine::Engine;
use crate::error::Result;
use crate::workers::current::existing;
use crate::workers::view;

/// Part of a list of versions.
#[derive(Clone, Debug)]
pub struct VersionPage {
    /// The versions, newest first.
    pub versions: Vec<Version>,
    /// How many there are in all.
    pub total: u32,
}

impl Engine {
    /// Part of a Worker's versions, newest first; with `deployable` of those that a deployment may name.
    ///
    /// # Errors
    /// [`crate::Missing::Worker`].
    pub async fn list_versions(
        &self,
        permit: &Permit<ViewWorkers>,
        name: &WorkerName,
        deployable: bool,
        slice: Slice,
    ) -> Result<VersionPage> {
        let mut reader = self.store.reader().await?;
        let worker = existing(&mut reader, permit.account_id(), name).await?;
        let bound = if deployable {
            DEPLOYABLE_VERSIONS
        } else {
            u32::MAX
        };
        let left = u64::from(bound).saturating_sub(slice.offset);
        let slice = Slice {
            limit: slice.limit.min(u32::try_from(left).unwrap_or(u32::MAX)),
            ..slice
        };
        let (rows, total) = versions::list(&mut reader, worker.id, slice).await?;
        Ok(VersionPage {
            versions: rows.iter().map(|row| view::version(&worker, row)).collect(),
            total: total.min(bound),
        })
    }
}
