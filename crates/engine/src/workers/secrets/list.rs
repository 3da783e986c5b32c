//! Listing and finding per-Worker secrets.

use coffer_protocol::workers::WorkerSecret;
use coffer_types::{BindingName, WorkerName};

use crate::authorize::{Permit, ViewWorkers};
use crate::engine::Engine;
use crate::error::{Missing, Result};

impl Engine {
    /// The names of a Worker's secrets.
    ///
    /// # Errors
    /// [`Missing::Worker`].
    pub async fn list_worker_secrets(
        &self,
        permit: &Permit<ViewWorkers>,
        name: &WorkerName,
    ) -> Result<Vec<WorkerSecret>> {
        let (_, current) = self.current(permit.account_id(), name).await?;
        let secrets = current
            .bindings()
            .iter()
            .filter(|binding| binding.kind.worker_secret().is_some())
            .map(|binding| WorkerSecret {
                name: binding.name.clone(),
                kind: binding.kind.type_name().to_owned(),
            });
        Ok(secrets.collect())
    }

    /// Finds that the account has the Worker, for a request that is refused anyway.
    ///
    /// # Errors
    /// [`Missing::Worker`].
    pub async fn known_worker<P>(&self, permit: &Permit<P>, name: &WorkerName) -> Result<()> {
        self.current(permit.account_id(), name).await.map(drop)
    }

    /// One of them.
    ///
    /// # Errors
    /// [`Missing::Worker`] or [`Missing::WorkerSecret`].
    pub async fn worker_secret(
        &self,
        permit: &Permit<ViewWorkers>,
        name: &WorkerName,
        secret_name: &BindingName,
    ) -> Result<WorkerSecret> {
        let secrets = self.list_worker_secrets(permit, name).await?;
        let found = secrets
            .into_iter()
            .find(|secret| secret.name == *secret_name);
        found.ok_or_else(|| Missing::WorkerSecret.into())
    }
}
