//! What things are called that events tell by id alone.

use std::collections::BTreeMap;

use coffer_protocol::audit::AuditLog;
use coffer_store::rows::{secrets, workers};

use crate::authorize::{Permit, ViewAudit};
use crate::engine::Engine;
use crate::error::Result;

impl Engine {
    /// What the account's secrets and Workers are called now that were read by events or did read, by their ids. Those
    /// that are gone are left out.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn audit_names(
        &self,
        permit: &Permit<ViewAudit>,
        logs: &[AuditLog],
    ) -> Result<BTreeMap<String, String>> {
        let account_id = permit.account_id();
        let mut names = BTreeMap::new();
        let mut reader = self.store.reader().await?;
        for log in logs.iter().filter(|log| log.action.kind == "view") {
            let id = log.resource.id.as_deref().unwrap_or_default();
            if let (false, Ok(secret_id)) = (names.contains_key(id), id.parse()) {
                let found = secrets::find(&mut reader, secret_id).await?;
                let found = found.filter(|secret| secret.account_id == account_id);
                names.extend(found.map(|secret| (id.to_owned(), secret.name.to_string())));
            }
            let id = log.actor.id.as_str();
            if let (false, Ok(worker_id)) = (names.contains_key(id), id.parse()) {
                let found = workers::find(&mut reader, worker_id).await?;
                let found = found.filter(|worker| worker.account_id == account_id);
                names.extend(found.map(|worker| (id.to_owned(), worker.name.to_string())));
            }
        }
        Ok(names)
    }
}
