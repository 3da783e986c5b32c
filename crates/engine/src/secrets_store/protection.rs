//! Keeping secrets that deployed versions bind from being deleted, for accounts that want it.

use coffer_store::Tx;
use coffer_store::rows::secrets::SecretRow;
use coffer_store::rows::{accounts, version_secrets};
use coffer_types::{AccountId, SecretId, SecretName, WorkerName};
use serde_json::{Value, json};

use crate::error::{Conflict, Result};
use crate::secrets_store::secrets::described;

/// A secret that deployed versions bind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundSecret {
    /// The secret.
    pub id: SecretId,
    /// Its name.
    pub name: SecretName,
    /// The Workers whose deployed versions bind it, by name; never empty.
    pub workers: Vec<WorkerName>,
}

/// The bound ones among secrets that are to be removed, if the account protects such; none if it does not.
///
/// It is asked in the transaction that removes them. So is every deployment made, hence none comes in between:
/// one that is made later finds the secret gone.
///
/// # Errors
/// [`Conflict::SecretsBound`] if there are any, without `force`.
pub(super) async fn removable(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    removed: &[SecretRow],
    force: bool,
) -> Result<Vec<BoundSecret>> {
    let mut bound = Vec::new();
    if !accounts::protects_bound_secrets(tx, account_id).await? {
        return Ok(bound);
    }
    for secret in removed {
        let (store_id, name) = (secret.store_id, &secret.name);
        let workers = version_secrets::serving_workers(tx, account_id, store_id, name).await?;
        if !workers.is_empty() {
            bound.push(BoundSecret {
                id: secret.id,
                name: name.clone(),
                workers,
            });
        }
    }
    if bound.is_empty() || force {
        Ok(bound)
    } else {
        Err(Conflict::SecretsBound(bound).into())
    }
}

/// What the audit log says of a removed secret: also by force of what it was removed, if by any.
pub(super) fn removal(secret: &SecretRow, bound: &[BoundSecret]) -> Value {
    let mut details = json!({ "before": described(secret) });
    if let Some(forced) = bound.iter().find(|one| one.id == secret.id) {
        details["forced"] = Value::Bool(true);
        details["workers"] = json!(forced.workers);
    }
    details
}
