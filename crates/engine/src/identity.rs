//! What an actor can learn of itself and its accounts.

use coffer_protocol::identity::{
    Account, AccountSettings, Membership, MembershipAccount, TokenState, User,
};
use coffer_store::rows::accounts::AccountRow;
use coffer_types::{AccountId, Subdomain};

use crate::actor::{Actor, Caller};
use crate::authorize::{Permit, UserPermit, ViewAccount, ViewMemberships, ViewUser, ViewWorkers};
use crate::engine::Engine;
use crate::error::{Result, Unauthenticated};

/// Which accounts to list.
#[derive(Clone, Debug, Default)]
pub struct AccountList {
    /// Only those whose name contains this text.
    pub name: Option<String>,
}

impl Engine {
    /// The state of the token that asks.
    ///
    /// # Errors
    /// [`Unauthenticated::Invalid`] if no token asks, or an account's own.
    pub fn user_token_state(&self, actor: &Actor) -> Result<TokenState> {
        match (actor.token(), actor.user()) {
            (Some(token), Some(_)) => Ok(token_state(token)),
            _ => Err(Unauthenticated::Invalid.into()),
        }
    }

    /// The state of the account's own token that asks.
    ///
    /// # Errors
    /// [`Unauthenticated::Invalid`] if it is no token of that account.
    pub fn account_token_state(&self, actor: &Actor, account_id: AccountId) -> Result<TokenState> {
        use coffer_store::rows::tokens::TokenOwner;
        match actor.token() {
            Some(token) if token.owner == TokenOwner::Account(account_id) => Ok(token_state(token)),
            _ => Err(Unauthenticated::Invalid.into()),
        }
    }

    /// The user who asks.
    pub fn own_user(&self, permit: &UserPermit<ViewUser>) -> User {
        let user = &permit.user;
        let email = user.email.clone();
        User {
            id: user.id,
            username: email
                .as_str()
                .split('@')
                .next()
                .unwrap_or_default()
                .to_owned(),
            email,
            first_name: None,
            last_name: None,
            two_factor_authentication_enabled: false,
            suspended: false,
            created_on: user.created_at,
            modified_on: user.modified_at,
        }
    }

    /// The accounts that the actor may know of.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn accounts_of(&self, caller: &Caller, list: &AccountList) -> Result<Vec<Account>> {
        let mut accounts = Vec::new();
        for id in caller.actor.accounts() {
            accounts.extend(self.store.account(id).await?.map(|row| account_view(&row)));
        }
        if let Some(name) = &list.name {
            accounts.retain(|account| account.name.contains(name.as_str()));
        }
        Ok(accounts)
    }

    /// The account.
    pub fn account(&self, permit: &Permit<ViewAccount>) -> Account {
        account_view(permit.account())
    }

    /// The account's label in the host names of its Workers.
    pub fn subdomain(&self, permit: &Permit<ViewWorkers>) -> Subdomain {
        permit.account().subdomain.clone()
    }

    /// The memberships of the user who asks.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn own_memberships(
        &self,
        permit: &UserPermit<ViewMemberships>,
    ) -> Result<Vec<Membership>> {
        let actor = &permit.caller.actor;
        let mut memberships = Vec::new();
        for member in actor.memberships.iter() {
            if actor.permissions_in(member.account_id).is_none() {
                continue;
            }
            let Some(account) = self.store.account(member.account_id).await? else {
                continue;
            };
            memberships.push(Membership {
                id: member.id,
                status: "accepted".to_owned(),
                account: MembershipAccount {
                    id: account.id,
                    name: account.name.clone(),
                },
                roles: member
                    .roles
                    .iter()
                    .map(|role| role.title().to_owned())
                    .collect(),
                permissions: serde_json::Map::new(),
            });
        }
        Ok(memberships)
    }
}

fn token_state(token: &coffer_store::rows::tokens::TokenRow) -> TokenState {
    TokenState {
        id: token.id,
        status: "active".to_owned(),
        expires_on: token.expires_at,
        not_before: token.not_before,
    }
}

fn account_view(row: &AccountRow) -> Account {
    Account {
        id: row.id,
        name: row.name.clone(),
        kind: "standard".to_owned(),
        settings: AccountSettings::default(),
        created_on: row.created_at,
    }
}
