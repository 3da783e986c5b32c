//! Accounts as the operator sees them: their names and what they may hold.

use coffer_protocol::operator::{Account, ChangeLimits, Limits, RenameAccount};
use coffer_store::rows::accounts::{self, AccountLimits, AccountRow};
use coffer_store::{Rows, Tx, Written};
use coffer_types::audit::{Action, ResourceKind};
use serde_json::json;

use super::Operator;
use crate::error::{Error, Missing, Problem, Result};
use crate::mutate::About;

/// The largest limits that may be set: beyond them, counting becomes slow or a request too large.
const MOST: Limits = Limits {
    stores: 1_000_000,
    secrets: 100_000_000,
    value_bytes: 65_536,
    workers: 1_000_000,
};

impl Operator {
    /// Every account.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        let mut reader = self.installation().store.reader().await?;
        let mut all = Vec::new();
        for row in accounts::all(&mut reader).await? {
            all.push(view(&mut reader, row).await?);
        }
        Ok(all)
    }

    /// Gives an account another name. One that has it already is told, and nothing is written.
    ///
    /// # Errors
    /// [`Missing::Account`].
    pub async fn rename_account(&self, rename: RenameAccount) -> Result<Account> {
        let mut reader = self.installation().store.reader().await?;
        let found = accounts::find(&mut reader, rename.account).await?;
        let account = found.ok_or(Missing::Account)?;
        if account.name == rename.name.as_str() {
            return view(&mut reader, account).await;
        }
        drop(reader);
        let operator = self.clone();
        self.installation()
            .store
            .write(move |tx| {
                let (operator, rename) = (operator.clone(), rename.clone());
                Box::pin(async move { operator.rename(tx, &rename).await })
            })
            .await
    }

    async fn rename(&self, tx: &mut Tx<'_>, rename: &RenameAccount) -> Result<Written<Account>> {
        let id = rename.account;
        let mut row = accounts::find(tx, id).await?.ok_or(Missing::Account)?;
        accounts::rename(tx, id, &rename.name, self.now()).await?;
        let about = About {
            action: Action::Update,
            resource_kind: ResourceKind::Account,
            resource_id: id.to_string(),
            details: json!({ "before": { "name": row.name }, "after": { "name": rename.name } }),
        };
        rename.name.as_str().clone_into(&mut row.name);
        let account = view(tx, row).await?;
        Ok(Written::new(account, self.event(Some(id), about)))
    }

    /// Sets what an account may hold. What it holds already stays. If nothing changes, nothing is written.
    ///
    /// # Errors
    /// [`Missing::Account`]; [`Error::Invalid`] for a limit out of bounds.
    pub async fn change_limits(&self, change: ChangeLimits) -> Result<Account> {
        check(&change)?;
        let mut reader = self.installation().store.reader().await?;
        let found = accounts::find(&mut reader, change.account).await?;
        let account = found.ok_or(Missing::Account)?;
        if changed(account.limits, &change) == account.limits {
            return view(&mut reader, account).await;
        }
        drop(reader);
        let operator = self.clone();
        self.installation()
            .store
            .write(move |tx| {
                let operator = operator.clone();
                Box::pin(async move { operator.set_limits(tx, &change).await })
            })
            .await
    }

    async fn set_limits(&self, tx: &mut Tx<'_>, change: &ChangeLimits) -> Result<Written<Account>> {
        let id = change.account;
        let mut row = accounts::find(tx, id).await?.ok_or(Missing::Account)?;
        let before = row.limits;
        row.limits = changed(before, change);
        accounts::update_limits(tx, id, row.limits, self.now()).await?;
        let about = About {
            action: Action::Update,
            resource_kind: ResourceKind::Account,
            resource_id: id.to_string(),
            details: json!({ "before": { "limits": before }, "after": { "limits": row.limits } }),
        };
        let account = view(tx, row).await?;
        Ok(Written::new(account, self.event(Some(id), about)))
    }
}

fn check(change: &ChangeLimits) -> Result<()> {
    let bounded = [
        ("stores", change.stores, 0, MOST.stores),
        ("secrets", change.secrets, 0, MOST.secrets),
        ("value_bytes", change.value_bytes, 1, MOST.value_bytes),
        ("workers", change.workers, 0, MOST.workers),
    ];
    for (name, wanted, least, most) in bounded {
        if wanted.is_some_and(|wanted| !(least..=most).contains(&wanted)) {
            let told = Problem::Parameter(format!("{name} must be {least} to {most}"));
            return Err(Error::invalid(format!("/{name}"), told));
        }
    }
    Ok(())
}

fn changed(before: AccountLimits, change: &ChangeLimits) -> AccountLimits {
    AccountLimits {
        stores: change.stores.unwrap_or(before.stores),
        secrets: change.secrets.unwrap_or(before.secrets),
        value_bytes: change.value_bytes.unwrap_or(before.value_bytes),
        workers: change.workers.unwrap_or(before.workers),
    }
}

/// An account as the operator sees it.
pub(super) async fn view(rows: &mut impl Rows, row: AccountRow) -> Result<Account> {
    Ok(Account {
        id: row.id,
        secrets: accounts::secret_count(rows, row.id).await?,
        name: row.name,
        subdomain: row.subdomain,
        limits: Limits {
            stores: row.limits.stores,
            secrets: row.limits.secrets,
            value_bytes: row.limits.value_bytes,
            workers: row.limits.workers,
        },
    })
}
