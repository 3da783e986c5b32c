//! A new key of an account, and its values sealed anew under it.

use std::collections::{HashMap, HashSet};

use coffer_protocol::keys::{NewAccountKey, Resealed};
use coffer_store::rows::accounts::{self, AccountRow};
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::sealed_values::{self, Cursor, SealedIn, SealedValue};
use coffer_store::rows::{Slice, account_keys, versions};
use coffer_store::{StoreError, Tx, Written};
use coffer_types::audit::Action;
use coffer_types::{AccountId, Owner, Place, ValueVersion, VersionId, WorkerId, WorkerSecretId};
use serde_json::json;

use super::{KeyRotationError, Keys};

/// Values sealed anew in one transaction: some milliseconds of the writer's time at the most.
const VALUES_AT_ONCE: u32 = 64;

impl Keys {
    /// Gives an account a new key. New values are sealed under it from here on; those that there are stay under theirs
    /// until [`Keys::reseal`].
    ///
    /// # Errors
    /// [`KeyRotationError::NoAccount`]; nothing has changed after any error.
    pub async fn rotate_account(
        &self,
        account_id: AccountId,
    ) -> Result<NewAccountKey, KeyRotationError> {
        let _turn = self.turn()?;
        let keys = self.clone();
        self.0
            .store
            .write(move |tx| {
                let keys = keys.clone();
                Box::pin(async move { keys.write_account_key(tx, account_id).await })
            })
            .await
    }

    async fn write_account_key(
        &self,
        tx: &mut Tx<'_>,
        account_id: AccountId,
    ) -> Result<Written<NewAccountKey>, KeyRotationError> {
        let account = found(tx, account_id).await?;
        let before = newest(&account);
        let version = before.saturating_add(1);
        let random = self.0.random.as_ref();
        let key = self
            .0
            .keyring
            .new_account_key(account_id, version, random)?;
        account_keys::insert(tx, account_id, &key, self.0.clock.now()).await?;
        changes::record(tx, account_id, ChangeSubject::Account).await?;
        let details = json!({
            "before": { "account_key_version": before },
            "after": { "account_key_version": version },
        });
        let id = account_id.to_string();
        let event = self.event(Some(account_id), id, Action::Update, details);
        let new = NewAccountKey {
            account_id,
            version,
        };
        Ok(Written::new(new, event))
    }

    /// Seals some values of an account under its newest key, in one transaction, from a place on that the step before
    /// gave. What is sealed under it already is passed over, so a walk that was interrupted begins again without one.
    ///
    /// # Errors
    /// [`KeyRotationError::NoAccount`], [`KeyRotationError::Cursor`].
    pub async fn reseal(
        &self,
        account_id: AccountId,
        after: Option<&str>,
    ) -> Result<Resealed, KeyRotationError> {
        let cursor: Cursor = match after {
            None => Cursor::default(),
            Some(text) => text
                .parse()
                .map_err(|_| KeyRotationError::Cursor(text.to_owned()))?,
        };
        let mut reader = self.0.store.reader().await?;
        let account = found(&mut reader, account_id).await?;
        let version = newest(&account);
        // Looked at first without a transaction, because one without an event may not be.
        let ahead = sealed_values::outdated(&mut reader, account_id, version, &cursor, 1).await?;
        drop(reader);
        if ahead.0.is_empty() {
            return Ok(Resealed {
                resealed: 0,
                damaged: 0,
                next: None,
            });
        }
        let keys = self.clone();
        self.0
            .store
            .write(move |tx| {
                let (keys, cursor) = (keys.clone(), cursor.clone());
                Box::pin(async move { keys.write_resealed(tx, account_id, &cursor).await })
            })
            .await
    }

    async fn write_resealed(
        &self,
        tx: &mut Tx<'_>,
        account_id: AccountId,
        after: &Cursor,
    ) -> Result<Written<Resealed>, KeyRotationError> {
        let account = found(tx, account_id).await?;
        let version = newest(&account);
        let (values, cursor) =
            sealed_values::outdated(tx, account_id, version, after, VALUES_AT_ONCE).await?;
        let mut resealed = Vec::with_capacity(values.len());
        let mut damaged = 0;
        for value in values {
            let place = place_of(account_id, value.kept_in);
            let sealer = &self.0.sealer;
            match sealer.reseal(&account.keys, &place, &value.sealed, &place) {
                Ok(sealed) => resealed.push(SealedValue { sealed, ..value }),
                Err(_) => {
                    tracing::error!(?place, "a value does not open and cannot be sealed anew");
                    damaged += 1;
                }
            }
        }
        for value in &resealed {
            sealed_values::replace(tx, value).await?;
        }
        announce(tx, account_id, &resealed).await?;
        let count = u32::try_from(resealed.len()).unwrap_or(u32::MAX);
        let details = json!({
            "after": { "account_key_version": version, "values_sealed_anew": count },
        });
        let id = account_id.to_string();
        let event = self.event(Some(account_id), id, Action::Update, details);
        let step = Resealed {
            resealed: count,
            damaged,
            next: Some(cursor.to_string()),
        };
        Ok(Written::new(step, event))
    }
}

async fn found(
    rows: &mut impl coffer_store::Rows,
    account_id: AccountId,
) -> Result<AccountRow, KeyRotationError> {
    let account = accounts::find(rows, account_id).await?;
    account.ok_or(KeyRotationError::NoAccount(account_id))
}

fn newest(account: &AccountRow) -> u32 {
    let versions = account.keys.iter().map(|key| key.version);
    versions.max().unwrap_or_default()
}

/// What the value is bound to. The values of Pages are those of a Worker that has no row.
fn place_of(account_id: AccountId, kept_in: SealedIn) -> Place {
    let (owner, value_version) = match kept_in {
        SealedIn::Secret(store_id, id, number) => (Owner::Store(store_id, id), number),
        SealedIn::Worker(worker_id, id) => (Owner::Worker(worker_id, id), ValueVersion::FIRST),
        SealedIn::PagesProject(project_id, id) | SealedIn::PagesDeployment(project_id, _, id) => (
            Owner::Worker(project_id.worker_id(), id),
            ValueVersion::FIRST,
        ),
    };
    Place {
        account_id,
        owner,
        value_version,
    }
}

/// Tells edges of values that are sealed anew. The secrets themselves did not change, so neither their status nor when
/// they were changed does.
async fn announce(
    tx: &mut Tx<'_>,
    account_id: AccountId,
    resealed: &[SealedValue],
) -> Result<(), StoreError> {
    let mut of_workers: HashMap<WorkerId, HashSet<WorkerSecretId>> = HashMap::new();
    let mut version_ids: Vec<VersionId> = Vec::new();
    for value in resealed {
        match value.kept_in {
            SealedIn::Secret(_, id, _) => {
                changes::record(tx, account_id, ChangeSubject::Secret(id)).await?;
            }
            SealedIn::Worker(worker_id, id) => {
                of_workers.entry(worker_id).or_default().insert(id);
            }
            // Of a project's configuration no edge knows; its deployments have copies.
            SealedIn::PagesProject(..) => {}
            SealedIn::PagesDeployment(_, id, _) => version_ids.push(id),
        }
    }
    for (worker_id, secrets) in of_workers {
        let (found, _) = versions::list(tx, worker_id, Slice::ALL).await?;
        let reads = |version: &versions::VersionRow| {
            let bindings = &version.facts.bindings;
            let mut bound = bindings.iter().filter_map(|one| one.kind.worker_secret());
            bound.any(|id| secrets.contains(&id))
        };
        version_ids.extend(found.iter().filter(|one| reads(one)).map(|one| one.id));
    }
    version_ids.sort_unstable();
    version_ids.dedup();
    for id in version_ids {
        changes::record(tx, account_id, ChangeSubject::Version(id)).await?;
    }
    Ok(())
}
