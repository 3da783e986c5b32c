//! Making an account with its Super Administrator.

use std::sync::Arc;

use coffer_protocol::operator::{Account, NewAccount, User};
use coffer_store::rows::accounts::{self, AccountLimits, AccountRow};
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::members::{self, MemberRow};
use coffer_store::rows::users::{self, UserRow};
use coffer_store::{StoreError, Tx, Written};
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{AccountId, MemberId, MembershipStatus, Role, limits};
use serde_json::json;

use super::create_user::Prepared;
use super::{CreatedAccount, Operator};
use crate::error::{Conflict, Error, Result};
use crate::mutate::About;

struct Rows {
    account: AccountRow,
    user: UserRow,
    member_id: MemberId,
}

/// What was written, and whether the user was made with it.
struct Made {
    account: Account,
    user: User,
    is_new_user: bool,
}

impl Operator {
    /// Makes an account. Who is named as its Super Administrator is one from then on; a user who is made for that gets
    /// a password.
    ///
    /// # Errors
    /// [`Conflict::Subdomain`].
    pub async fn create_account(&self, new: NewAccount) -> Result<CreatedAccount> {
        let random = self.installation().random.as_ref();
        // Made before it is known whether it is needed: hashing takes too long for a transaction.
        let Prepared { row, password } = self.prepared_user(new.email.clone()).await?;
        let rows = Arc::new(Rows {
            account: self.new_account(&new)?,
            user: row,
            member_id: MemberId::random(random),
        });
        let operator = self.clone();
        let made = self
            .installation()
            .store
            .write(move |tx| {
                let (operator, rows) = (operator.clone(), Arc::clone(&rows));
                Box::pin(async move { operator.insert_account(tx, &rows).await })
            })
            .await?;
        Ok(CreatedAccount {
            account: made.account,
            user: made.user,
            password: made.is_new_user.then_some(password),
        })
    }

    fn new_account(&self, new: &NewAccount) -> Result<AccountRow> {
        let parts = self.installation();
        let random = parts.random.as_ref();
        let id = AccountId::random(random);
        Ok(AccountRow {
            id,
            name: new.name.as_str().to_owned(),
            subdomain: new.subdomain.clone(),
            limits: AccountLimits {
                stores: limits::DEFAULT_STORES_PER_ACCOUNT,
                secrets: limits::DEFAULT_SECRETS_PER_ACCOUNT,
                value_bytes: limits::DEFAULT_SECRET_VALUE_BYTES,
                workers: limits::DEFAULT_WORKERS_PER_ACCOUNT,
            },
            keys: vec![parts.keyring.new_account_key(id, 1, random)?],
            created_at: self.now(),
        })
    }

    async fn insert_account(&self, tx: &mut Tx<'_>, rows: &Rows) -> Result<Written<Made>> {
        let id = rows.account.id;
        if let Some(label) = &rows.account.subdomain
            && accounts::of_subdomain(tx, label).await?.is_some()
        {
            return Err(Conflict::Subdomain.into());
        }
        match accounts::insert(tx, &rows.account).await {
            Err(StoreError::Taken(_)) => return Err(Conflict::Subdomain.into()),
            other => other?,
        }
        let mut events = Vec::new();
        let known = users::with_email(tx, &rows.user.email).await?;
        let is_new_user = known.is_none();
        if is_new_user {
            users::insert(tx, &rows.user).await?;
            events.push(self.user_event(&rows.user));
        }
        let user = known.unwrap_or_else(|| rows.user.clone());
        let member = MemberRow {
            id: rows.member_id,
            account_id: id,
            user_id: user.id,
            roles: vec![Role::SuperAdministrator],
            status: MembershipStatus::Accepted,
            created_at: rows.account.created_at,
        };
        members::insert(tx, &member).await?;
        changes::record(tx, id, ChangeSubject::Account).await?;
        let about = About {
            action: Action::Create,
            resource_kind: ResourceKind::Account,
            resource_id: id.to_string(),
            details: json!({ "after": {
                "name": rows.account.name,
                "subdomain": rows.account.subdomain,
                "super_administrator": user.email,
            } }),
        };
        events.push(self.event(Some(id), about));
        let made = Made {
            account: super::accounts::view(tx, rows.account.clone()).await?,
            user: super::users::view(tx, user).await?,
            is_new_user,
        };
        Written::with_events(made, events)
            .ok_or_else(|| Error::Internal("an account without an event".to_owned()))
    }
}
