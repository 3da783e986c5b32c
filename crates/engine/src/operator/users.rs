//! Users as the operator sees them.

use std::collections::HashMap;

use coffer_protocol::operator::{Membership, User};
use coffer_store::Rows;
use coffer_store::rows::users::{self, UserRow};
use coffer_store::rows::{accounts, members};
use coffer_types::AccountId;

use super::Operator;
use crate::error::Result;

impl Operator {
    /// Every user, by address.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn users(&self) -> Result<Vec<User>> {
        let mut reader = self.installation().store.reader().await?;
        let mut all = Vec::new();
        for row in users::all(&mut reader).await? {
            all.push(view(&mut reader, row).await?);
        }
        Ok(all)
    }
}

/// A user as the operator sees one.
pub(super) async fn view(rows: &mut impl Rows, row: UserRow) -> Result<User> {
    let mut names: HashMap<AccountId, String> = HashMap::new();
    let memberships = members::of_user(rows, row.id).await?;
    for member in &memberships {
        if let Some(account) = accounts::find(rows, member.account_id).await? {
            names.insert(account.id, account.name);
        }
    }
    let mut accounts: Vec<_> = memberships
        .into_iter()
        .map(|member| Membership {
            name: names.remove(&member.account_id).unwrap_or_default(),
            account: member.account_id,
            roles: member.roles,
            status: member.status,
        })
        .collect();
    accounts.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(User {
        id: row.id,
        has_password: !row.password_hash.is_empty(),
        second_factor: row.has_second_factor,
        accounts,
        email: row.email,
    })
}
