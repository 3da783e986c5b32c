//! Proof that a caller may view or manage the tokens of one owner.

use std::marker::PhantomData;
use std::sync::Arc;

use coffer_store::rows::tokens::TokenOwner;
use coffer_types::AccountId;

use crate::actor::{Actor, Caller};
use crate::authorize::{
    ManageTokens, ManageUserTokens, Permit, UserPermit, ViewTokens, ViewUserTokens,
};

/// Proof that a caller may view ([`ViewTokens`]) or manage ([`ManageTokens`]) the tokens of an owner, which is an
/// account or the caller's own user. Made of the permit for that.
#[derive(Debug)]
pub struct TokensPermit<P> {
    pub(crate) caller: Arc<Caller>,
    pub(crate) owner: TokenOwner,
    permission: PhantomData<P>,
}

impl<P> TokensPermit<P> {
    const fn new(caller: Arc<Caller>, owner: TokenOwner) -> Self {
        Self {
            caller,
            owner,
            permission: PhantomData,
        }
    }

    /// The account in which what is done to the tokens happens; none for those of a user.
    pub(crate) const fn account_id(&self) -> Option<AccountId> {
        match self.owner {
            TokenOwner::Account(id) => Some(id),
            TokenOwner::User(_) => None,
        }
    }

    /// Whether a token of the owner can be about an account: an account's own only about that account, a user's
    /// about those that the user is in now.
    pub(crate) fn may_name(&self, account_id: AccountId) -> bool {
        match self.owner {
            TokenOwner::Account(id) => id == account_id,
            TokenOwner::User(_) => is_in(&self.caller.actor, account_id),
        }
    }
}

impl<P> Clone for TokensPermit<P> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.caller), self.owner)
    }
}

/// Whether the user is in the account, whatever the token that asks may do there.
fn is_in(actor: &Actor, account_id: AccountId) -> bool {
    actor
        .memberships
        .iter()
        .any(|member| member.account_id == account_id && !member.permissions().is_empty())
}

impl From<Permit<ViewTokens>> for TokensPermit<ViewTokens> {
    fn from(permit: Permit<ViewTokens>) -> Self {
        let owner = TokenOwner::Account(permit.account_id());
        Self::new(permit.caller, owner)
    }
}

impl From<Permit<ManageTokens>> for TokensPermit<ManageTokens> {
    fn from(permit: Permit<ManageTokens>) -> Self {
        let owner = TokenOwner::Account(permit.account_id());
        Self::new(permit.caller, owner)
    }
}

impl From<UserPermit<ViewUserTokens>> for TokensPermit<ViewTokens> {
    fn from(permit: UserPermit<ViewUserTokens>) -> Self {
        let owner = TokenOwner::User(permit.user_id());
        Self::new(permit.caller, owner)
    }
}

impl From<UserPermit<ManageUserTokens>> for TokensPermit<ManageTokens> {
    fn from(permit: UserPermit<ManageUserTokens>) -> Self {
        let owner = TokenOwner::User(permit.user_id());
        Self::new(permit.caller, owner)
    }
}
