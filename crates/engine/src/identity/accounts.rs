//! Accounts: those of an actor, and their names.

use std::sync::Arc;

use coffer_protocol::identity::{Account, AccountSettings};
use coffer_store::rows::Direction;
use coffer_store::rows::accounts::{self, AccountRow};
use coffer_store::{Tx, Written};
use coffer_types::AccountName;
use coffer_types::audit::{Action, ResourceKind};
use serde_json::json;

use crate::actor::Caller;
use crate::authorize::{ManageAccount, Permit, ViewAccount};
use crate::engine::Engine;
use crate::error::{Missing, Result};
use crate::mutate::About;

/// Which accounts to list.
#[derive(Clone, Debug)]
pub struct AccountList {
    /// Only those whose name contains this text.
    pub name: Option<String>,
    /// In which direction of their ids.
    pub direction: Direction,
}

impl Engine {
    /// The accounts that the actor may know of.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn accounts_of(&self, caller: &Caller, list: &AccountList) -> Result<Vec<Account>> {
        let mut accounts = Vec::new();
        for id in caller.actor.accounts() {
            accounts.extend(self.store.account(id).await?.map(|row| view(&row)));
        }
        if let Some(name) = &list.name {
            accounts.retain(|account| account.name.contains(name.as_str()));
        }
        if list.direction == Direction::Descending {
            accounts.reverse();
        }
        Ok(accounts)
    }

    /// The account.
    pub fn account(&self, permit: &Permit<ViewAccount>) -> Account {
        view(permit.account())
    }

    /// Gives the account another name. Who keeps the name is told the account, and nothing is written.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn rename_account(
        &self,
        permit: &Permit<ManageAccount>,
        name: AccountName,
    ) -> Result<Account> {
        if let Some(renamed) = self.repeated(&permit.caller).await? {
            return Ok(renamed);
        }
        if permit.account().name == name.as_str() {
            return Ok(view(permit.account()));
        }
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit, name) = (engine.clone(), permit.clone(), name.clone());
            Box::pin(async move { engine.rename(tx, &permit, &name).await })
        })
        .await
    }

    async fn rename(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<ManageAccount>,
        name: &AccountName,
    ) -> Result<Written<Account>> {
        let id = permit.account_id();
        let mut account = accounts::find(tx, id).await?.ok_or(Missing::Account)?;
        accounts::rename(tx, id, name, self.clock.now()).await?;
        let about = About {
            action: Action::Update,
            resource_kind: ResourceKind::Account,
            resource_id: id.to_string(),
            details: json!({ "before": { "name": account.name }, "after": { "name": name } }),
        };
        name.as_str().clone_into(&mut account.name);
        let event = self.event(&permit.caller, id, about);
        Ok(Written::new(view(&account), event))
    }
}

/// An account as the API shows it.
pub(super) fn view(row: &AccountRow) -> Account {
    Account {
        id: row.id,
        name: row.name.clone(),
        kind: "standard".to_owned(),
        settings: AccountSettings::default(),
        created_on: row.created_at,
    }
}
