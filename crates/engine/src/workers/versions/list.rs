//! Listing versions.

use std::collections::HashMap;

use coffer_protocol::workers::Version;
use coffer_store::rows::{Slice, versions};
use coffer_types::limits::DEPLOYABLE_VERSIONS;
use coffer_types::{VersionId, WorkerName};

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
    /// What numbers these versions of the account's Workers have; unknown ones are left out.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn version_numbers(
        &self,
        permit: &Permit<ViewWorkers>,
        ids: &[VersionId],
    ) -> Result<HashMap<VersionId, u32>> {
        // As many as one statement may have parameters, with room to spare.
        const AT_ONCE: usize = 500;
        let mut reader = self.store.reader().await?;
        let mut numbers = HashMap::with_capacity(ids.len());
        for some in ids.chunks(AT_ONCE) {
            numbers.extend(versions::numbers(&mut reader, permit.account_id(), some).await?);
        }
        Ok(numbers)
    }

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
