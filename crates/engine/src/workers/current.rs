//! What is there of a Worker at the moment.

use coffer_store::rows::deployments::DeploymentRow;
use coffer_store::rows::versions::VersionRow;
use coffer_store::rows::workers::WorkerRow;
use coffer_store::rows::{deployments, versions, workers};
use coffer_store::{Reader, Rows};
use coffer_types::{AccountId, Binding, DeploymentId, VersionId, WorkerName};

use crate::engine::Engine;
use crate::error::{Missing, Result};

/// A Worker with its newest version and its active deployment.
#[derive(Clone, Debug)]
pub(super) struct Current {
    pub(super) worker: WorkerRow,
    pub(super) latest: Option<VersionRow>,
    pub(super) active: Option<DeploymentRow>,
}

/// What a change was decided upon. The transaction refuses if it is something else by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) last_version: u32,
    /// The newest version may have been deleted, and with it what another would inherit.
    pub(super) latest_id: Option<VersionId>,
    pub(super) deployment_id: Option<DeploymentId>,
}

impl Current {
    pub(super) fn seen(&self) -> Seen {
        Seen {
            last_version: self.worker.last_version,
            latest_id: self.latest.as_ref().map(|version| version.id),
            deployment_id: self.active.as_ref().map(|deployment| deployment.id),
        }
    }

    /// The newest version.
    pub(super) fn latest(&self) -> Result<&VersionRow> {
        self.latest
            .as_ref()
            .ok_or_else(|| Missing::AnyVersion.into())
    }

    /// Whether a part of the traffic goes to the version.
    pub(super) fn serves(&self, id: VersionId) -> bool {
        let active = self.active.as_ref();
        active.is_some_and(|deployment| deployment.split.contains(id))
    }

    /// The newest version's bindings.
    pub(super) fn bindings(&self) -> &[Binding] {
        self.latest
            .as_ref()
            .map_or(&[], |version| &version.facts.bindings)
    }
}

impl Engine {
    /// The account's Worker with this name as it is now.
    ///
    /// # Errors
    /// [`Missing::Worker`].
    pub(super) async fn current(
        &self,
        account_id: AccountId,
        name: &WorkerName,
    ) -> Result<(Reader, Current)> {
        let mut reader = self.store.reader().await?;
        let worker = existing(&mut reader, account_id, name).await?;
        let current = of(&mut reader, worker).await?;
        Ok((reader, current))
    }
}

/// The account's Worker with this name, or the refusal that every call on an unknown Worker gets.
pub(super) async fn existing(
    rows: &mut impl Rows,
    account_id: AccountId,
    name: &WorkerName,
) -> Result<WorkerRow> {
    workers::with_name(rows, account_id, name)
        .await?
        .ok_or_else(|| Missing::Worker.into())
}

/// A Worker with its newest version and its active deployment.
pub(super) async fn of(rows: &mut impl Rows, worker: WorkerRow) -> Result<Current> {
    Ok(Current {
        latest: versions::latest(rows, worker.id).await?,
        active: deployments::active(rows, worker.id).await?,
        worker,
    })
}
