//! Finding one Worker.

use coffer_protocol::workers::{Deployment, Script, SubdomainState, Version};
use coffer_store::rows::workers;
use coffer_types::{Timestamp, WorkerId, WorkerName};

use crate::authorize::{Permit, ViewWorkers};
use crate::engine::Engine;
use crate::error::{Missing, Result};
use crate::workers::current::{Current, existing, of};
use crate::workers::view;

/// What is known of a Worker.
#[derive(Clone, Debug)]
pub struct WorkerFacts {
    /// The Worker as a script.
    pub script: Script,
    /// Its settings.
    pub settings: coffer_protocol::workers::Settings,
    /// At which host names it answers.
    pub subdomain: SubdomainState,
    /// When it was last deployed.
    pub deployed_at: Option<Timestamp>,
    /// How its traffic is divided.
    pub deployment: Option<Deployment>,
    /// Its newest version.
    pub latest: Option<Version>,
}

impl WorkerFacts {
    /// Whether all traffic goes to the newest version.
    pub fn is_latest_deployed(&self) -> bool {
        let latest = self.latest.as_ref().map(|latest| latest.id);
        let shares = self.deployment.as_ref().map(|active| &active.versions[..]);
        matches!((shares, latest), (Some([share]), Some(id)) if share.version_id == id)
    }
}

impl Engine {
    /// The account's Worker with this name.
    ///
    /// # Errors
    /// [`Missing::Worker`].
    pub async fn worker<P: Sync>(
        &self,
        permit: &Permit<P>,
        name: &WorkerName,
    ) -> Result<WorkerFacts> {
        let (_, current) = self.current(permit.account_id(), name).await?;
        Ok(facts(&current))
    }

    /// The account's Workers by name. There are at most as many as the account's limit.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] if the database is away.
    pub async fn list_workers(&self, permit: &Permit<ViewWorkers>) -> Result<Vec<WorkerFacts>> {
        let mut reader = self.store.reader().await?;
        let rows = workers::of_account(&mut reader, permit.account_id()).await?;
        let mut found = Vec::with_capacity(rows.len());
        for worker in rows {
            found.push(facts(&of(&mut reader, worker).await?));
        }
        Ok(found)
    }

    /// The account's Worker with this id.
    ///
    /// # Errors
    /// [`Missing::Worker`].
    pub async fn worker_by_id(
        &self,
        permit: &Permit<ViewWorkers>,
        id: WorkerId,
    ) -> Result<WorkerFacts> {
        let mut reader = self.store.reader().await?;
        let found = workers::find(&mut reader, id).await?;
        let worker = found
            .filter(|worker| worker.account_id == permit.account_id())
            .ok_or(Missing::Worker)?;
        Ok(facts(&of(&mut reader, worker).await?))
    }
}

impl Engine {
    /// Finds that the account has a Worker of this name.
    ///
    /// # Errors
    /// [`Missing::Worker`].
    pub async fn check_worker<P>(&self, permit: &Permit<P>, name: &WorkerName) -> Result<()> {
        let mut reader = self.store.reader().await?;
        existing(&mut reader, permit.account_id(), name).await?;
        Ok(())
    }

    /// The name of the account's Worker with this id.
    ///
    /// # Errors
    /// [`Missing::Worker`].
    pub async fn worker_name<P>(&self, permit: &Permit<P>, id: WorkerId) -> Result<WorkerName> {
        let found = workers::find(&mut self.store.reader().await?, id).await?;
        found
            .filter(|worker| worker.account_id == permit.account_id())
            .map(|worker| worker.name)
            .ok_or_else(|| Missing::Worker.into())
    }
}

fn facts(current: &Current) -> WorkerFacts {
    WorkerFacts {
        script: view::script(current),
        settings: view::settings(&current.worker, current.latest.as_ref()),
        subdomain: view::subdomain(&current.worker),
        deployed_at: current
            .active
            .as_ref()
            .map(|deployment| deployment.created_at),
        deployment: current.active.as_ref().map(view::deployment),
        latest: current
            .latest
            .as_ref()
            .map(|latest| view::version(&current.worker, latest)),
    }
}
