//! Making secrets: all of a request or none.

use std::collections::HashSet;
use std::sync::Arc;

use coffer_crypto::SecretValue;
use coffer_protocol::secrets_store::Secret;
use coffer_store::rows::accounts;
use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::secrets::{self, SecretRow};
use coffer_store::{StoreError, Tx, Written};
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{Comment, Scopes, SecretId, SecretName, StoreId, ValueVersion, limits};
use serde_json::{Value, json};

use super::{described, place_of};
use crate::authorize::{ManageSecrets, Permit};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Invalid, Limit, Missing, Problem, Result};
use crate::mutate::About;

/// A secret to be made.
#[derive(Debug)]
pub struct NewSecret {
    /// Its name in the store.
    pub name: SecretName,
    /// Its value; gone from memory once it is sealed.
    pub value: SecretValue,
    /// Who may use it.
    pub scopes: Scopes,
    /// What people say of it.
    pub comment: Option<Comment>,
}

/// A secret ready to be written.
pub(super) struct Prepared {
    pub(super) row: SecretRow,
    pub(super) sealed: Vec<u8>,
    pub(super) event: NewEvent,
}

impl Engine {
    /// Makes secrets in a store, in the order given: all of them or none.
    ///
    /// # Errors
    /// [`crate::Missing::Store`]; [`Error::Invalid`] for an empty or too long list, a name twice, a value that
    /// is empty or too large; [`Conflict::SecretName`]; [`Limit::Secrets`].
    pub async fn create_secrets(
        &self,
        permit: &Permit<ManageSecrets>,
        store_id: StoreId,
        new: Vec<NewSecret>,
    ) -> Result<Vec<Secret>> {
        if let Some(made) = self.repeated(&permit.caller).await? {
            return Ok(made);
        }
        self.check_store(permit.account_id(), store_id).await?;
        check_list(&new, permit.account().limits.value_bytes)?;
        let prepared: Vec<_> = new
            .into_iter()
            .map(|one| self.prepare(permit, store_id, one))
            .collect::<Result<_>>()?;
        self.insert_secrets(permit, prepared).await
    }

    fn prepare(
        &self,
        permit: &Permit<ManageSecrets>,
        store_id: StoreId,
        new: NewSecret,
    ) -> Result<Prepared> {
        let row = self.new_row(permit, store_id, new.name, new.scopes, new.comment);
        let sealed = self
            .sealer
            .seal(&permit.account().keys, &place_of(&row), &new.value)?;
        let details = json!({ "after": described(&row) });
        Ok(self.prepared(permit, row, sealed, details))
    }

    /// The row of a secret to be made in this store.
    pub(super) fn new_row(
        &self,
        permit: &Permit<ManageSecrets>,
        store_id: StoreId,
        name: SecretName,
        scopes: Scopes,
        comment: Option<Comment>,
    ) -> SecretRow {
        let now = self.clock.now();
        SecretRow {
            id: SecretId::random(self.random.as_ref()),
            account_id: permit.account_id(),
            store_id,
            name,
            comment,
            scopes,
            value_version: ValueVersion::FIRST,
            change_seq: 0,
            created_at: now,
            modified_at: now,
        }
    }

    /// A new row and its sealed value, with the event that tells of them.
    pub(super) fn prepared(
        &self,
        permit: &Permit<ManageSecrets>,
        row: SecretRow,
        sealed: Vec<u8>,
        details: Value,
    ) -> Prepared {
        let event = self.event(
            &permit.caller,
            permit.account_id(),
            About {
                action: Action::Create,
                resource_kind: ResourceKind::Secret,
                resource_id: row.id.to_string(),
                details,
            },
        );
        Prepared { row, sealed, event }
    }

    /// Writes prepared secrets in one transaction.
    pub(super) async fn insert_secrets(
        &self,
        permit: &Permit<ManageSecrets>,
        prepared: Vec<Prepared>,
    ) -> Result<Vec<Secret>> {
        let (engine, account, prepared) = (
            self.clone(),
            Arc::clone(&permit.account),
            Arc::new(prepared),
        );
        self.mutate(&permit.caller, move |tx| {
            let (engine, account, prepared) =
                (engine.clone(), Arc::clone(&account), Arc::clone(&prepared));
            Box::pin(async move {
                let count = u32::try_from(prepared.len()).unwrap_or(u32::MAX);
                if !accounts::reserve_secrets(tx, account.id, count).await? {
                    return Err(Limit::Secrets(account.limits.secrets).into());
                }
                let mut views = Vec::with_capacity(prepared.len());
                for one in prepared.iter() {
                    views.push(engine.secret_view(&insert(tx, one).await?));
                }
                let events = prepared.iter().map(|one| one.event.clone()).collect();
                Written::with_events(views, events)
                    .ok_or_else(|| Error::Internal("no events".to_owned()))
            })
        })
        .await
    }
}

async fn insert(tx: &mut Tx<'_>, prepared: &Prepared) -> Result<SecretRow> {
    let mut row = prepared.row.clone();
    row.change_seq = changes::record(tx, row.account_id, ChangeSubject::Secret(row.id)).await?;
    match secrets::insert(tx, &row, &prepared.sealed).await {
        Ok(()) => Ok(row),
        Err(StoreError::Taken(_)) => Err(Conflict::SecretName(row.name).into()),
        // The store was removed after it was found.
        Err(StoreError::Orphan) => Err(Missing::Store.into()),
        Err(error) => Err(error.into()),
    }
}

fn check_list(new: &[NewSecret], value_limit: u32) -> Result<()> {
    if new.is_empty() {
        return Err(Error::invalid(
            "",
            Problem::SecretsEmpty(limits::MAX_SECRETS_PER_REQUEST),
        ));
    }
    if new.len() > limits::MAX_SECRETS_PER_REQUEST {
        return Err(Error::invalid(
            "",
            Problem::TooManySecrets(limits::MAX_SECRETS_PER_REQUEST),
        ));
    }
    let mut names = HashSet::new();
    let mut problems = Vec::new();
    for (index, one) in new.iter().enumerate() {
        if let Some(problem) = Problem::of_value(&one.value, value_limit) {
            let pointer = format!("/{index}/value");
            problems.push(Invalid { pointer, problem });
        }
        if !names.insert(&one.name) {
            let pointer = format!("/{index}/name");
            let problem = Problem::SecretNameRepeated(one.name.clone());
            problems.push(Invalid { pointer, problem });
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(problems))
    }
}
