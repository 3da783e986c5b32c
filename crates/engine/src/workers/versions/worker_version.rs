//! Versions as the newer part of the API names and shows them.

use bytes::Bytes;
use coffer_protocol::workers::WorkerVersion;
use coffer_store::Rows;
use coffer_store::rows::versions::VersionRow;
use coffer_store::rows::{Slice, versions};
use coffer_types::{Module, VersionId, WorkerId, WorkerName};

use crate::authorize::{Permit, ViewWorkers};
use crate::engine::Engine;
use crate::error::{Missing, Result};
use crate::workers::current::existing;
use crate::workers::view;

/// Digits of an id that name a version at the least.
const MIN_PREFIX_CHARS: usize = 8;

/// Which version is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhichVersion {
    /// The newest.
    Latest,
    /// The one with this id.
    Id(VersionId),
    /// The newest whose id begins so.
    Prefix(String),
}

impl WhichVersion {
    /// The version that a text names: `latest`, an id or the beginning of one; `None` if it can name none.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "latest" {
            return Some(Self::Latest);
        }
        if let Ok(id) = text.parse() {
            return Some(Self::Id(id));
        }
        let fits = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
        (text.len() >= MIN_PREFIX_CHARS && text.bytes().all(fits))
            .then(|| Self::Prefix(text.to_ascii_lowercase()))
    }
}

impl Engine {
    /// A version of a Worker.
    ///
    /// # Errors
    /// [`Missing::Worker`] or [`Missing::Version`].
    pub async fn worker_version<P: Sync>(
        &self,
        permit: &Permit<P>,
        name: &WorkerName,
        which: &WhichVersion,
    ) -> Result<WorkerVersion> {
        let mut reader = self.store.reader().await?;
        let worker = existing(&mut reader, permit.account_id(), name).await?;
        let found = find(&mut reader, worker.id, which).await?;
        Ok(view::worker_version(&found))
    }

    /// The same with its modules.
    ///
    /// # Errors
    /// [`Missing::Worker`] or [`Missing::Version`].
    pub async fn worker_version_with_modules(
        &self,
        permit: &Permit<ViewWorkers>,
        name: &WorkerName,
        which: &WhichVersion,
    ) -> Result<(WorkerVersion, Vec<(Module, Bytes)>)> {
        let mut reader = self.store.reader().await?;
        let worker = existing(&mut reader, permit.account_id(), name).await?;
        let found = find(&mut reader, worker.id, which).await?;
        drop(reader);
        let contents = self.contents_of(&found.facts).await?;
        let version = view::worker_version(&found);
        let modules = found.facts.modules.into_iter().zip(contents);
        Ok((version, modules.collect()))
    }

    /// Part of a Worker's versions, newest first, and how many there are.
    ///
    /// # Errors
    /// [`Missing::Worker`].
    pub async fn list_worker_versions(
        &self,
        permit: &Permit<ViewWorkers>,
        name: &WorkerName,
        slice: Slice,
    ) -> Result<(Vec<WorkerVersion>, u32)> {
        let mut reader = self.store.reader().await?;
        let worker = existing(&mut reader, permit.account_id(), name).await?;
        let (rows, total) = versions::list(&mut reader, worker.id, slice).await?;
        Ok((rows.iter().map(view::worker_version).collect(), total))
    }
}

/// The version that is meant.
pub(super) async fn find(
    rows: &mut impl Rows,
    worker_id: WorkerId,
    which: &WhichVersion,
) -> Result<VersionRow> {
    let found = match which {
        WhichVersion::Latest => versions::latest(rows, worker_id).await?,
        WhichVersion::Id(id) => versions::find(rows, worker_id, *id).await?,
        WhichVersion::Prefix(prefix) => {
            let (held, _) = versions::list(rows, worker_id, Slice::ALL).await?;
            let begins = |row: &VersionRow| row.id.to_string().starts_with(prefix.as_str());
            held.into_iter().find(begins)
        }
    };
    found.ok_or_else(|| Missing::Version.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_named_by_what_can_be_one() {
        let id = "c5e9c03c-4448-49b4-a1b1-b19bf4cd2241";
        assert_eq!(WhichVersion::parse("latest"), Some(WhichVersion::Latest));
        assert_eq!(
            WhichVersion::parse(id),
            Some(WhichVersion::Id(id.parse().unwrap()))
        );
        let prefix = WhichVersion::Prefix("c5e9c03c-4".to_owned());
        assert_eq!(WhichVersion::parse("C5E9C03C-4"), Some(prefix));
        for none in ["", "c5e9c03", "newest-one", "Latest"] {
            assert_eq!(WhichVersion::parse(none), None, "{none}");
        }
    }
}
