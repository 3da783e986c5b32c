//! The permission groups that tokens can have.

use coffer_protocol::tokens::{
    AccountPermissionGroup, AccountPermissionGroupMeta, TokenPermissionGroup,
};
use coffer_store::rows::tokens::TokenOwner;
use coffer_types::{GroupScope, PermissionGroup};

use super::permit::TokensPermit;
use crate::authorize::{Permit, ViewAccount, ViewTokens};
use crate::engine::Engine;
use crate::error::{Missing, Result};

/// Which permission groups of tokens to list.
#[derive(Clone, Debug, Default)]
pub struct TokenGroupList {
    /// Only that of this name, whatever the case of its letters.
    pub name: Option<String>,
    /// Only those about this, as the API writes it.
    pub scope: Option<String>,
}

/// Which permission groups of an account to list.
#[derive(Clone, Debug, Default)]
pub struct AccountGroupList {
    /// Only that with this id.
    pub id: Option<String>,
    /// Only that of this name, whatever the case of its letters.
    pub name: Option<String>,
    /// Only that with this label.
    pub label: Option<String>,
}

impl Engine {
    /// The permission groups that tokens of the owner can have: an account's own none that are about a user.
    pub fn token_permission_groups(
        &self,
        permit: &TokensPermit<ViewTokens>,
        list: &TokenGroupList,
    ) -> Vec<TokenPermissionGroup> {
        let of_owner = |group: &PermissionGroup| match permit.owner {
            TokenOwner::User(_) => true,
            TokenOwner::Account(_) => group.scope == GroupScope::Account,
        };
        PermissionGroup::ALL
            .iter()
            .filter(|group| of_owner(group))
            .filter(|group| is_named(group, list.name.as_deref()))
            .filter(|group| matches(group.scope.as_str(), list.scope.as_deref()))
            .map(|group| TokenPermissionGroup {
                id: group.id.to_owned(),
                name: group.name.to_owned(),
                scopes: vec![group.scope.as_str().to_owned()],
                category: group.category().to_owned(),
            })
            .collect()
    }

    /// The permission groups about accounts.
    pub fn account_permission_groups(
        &self,
        _permit: &Permit<ViewAccount>,
        list: &AccountGroupList,
    ) -> Vec<AccountPermissionGroup> {
        about_accounts()
            .filter(|group| matches(group.id, list.id.as_deref()))
            .filter(|group| is_named(group, list.name.as_deref()))
            .map(account_view)
            .filter(|group| matches(&group.meta.label, list.label.as_deref()))
            .collect()
    }

    /// One permission group about accounts.
    ///
    /// # Errors
    /// [`Missing::PermissionGroup`].
    pub fn account_permission_group(
        &self,
        _permit: &Permit<ViewAccount>,
        id: &str,
    ) -> Result<AccountPermissionGroup> {
        about_accounts()
            .find(|group| group.id == id)
            .map(account_view)
            .ok_or_else(|| Missing::PermissionGroup.into())
    }
}

fn about_accounts() -> impl Iterator<Item = &'static PermissionGroup> {
    PermissionGroup::ALL
        .iter()
        .filter(|group| group.scope == GroupScope::Account)
}

fn is_named(group: &PermissionGroup, wanted: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| group.name.eq_ignore_ascii_case(wanted))
}

fn matches(text: &str, wanted: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| text == wanted)
}

fn account_view(group: &PermissionGroup) -> AccountPermissionGroup {
    AccountPermissionGroup {
        id: group.id.to_owned(),
        name: group.name.to_owned(),
        meta: AccountPermissionGroupMeta {
            label: group.name.to_lowercase().replace(' ', "_"),
            scopes: group.scope.as_str().to_owned(),
        },
    }
}
