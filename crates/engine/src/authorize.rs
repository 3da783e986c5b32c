//! Permits: proof, in the type, that an actor was found to be permitted something in an account.

use std::marker::PhantomData;
use std::sync::Arc;

use coffer_store::rows::accounts::AccountRow;
use coffer_store::rows::users::UserRow;
use coffer_types::{AccountId, Permission, Permissions, UserId};

use crate::actor::{Caller, IdempotencyKey};
use crate::engine::Engine;
use crate::error::{Error, Missing, Result};

/// A permission as a type.
pub trait Requires: Send + Sync + 'static {
    /// The permission.
    const PERMISSION: Permission;
    /// Further permissions of which any one is needed too; none if the set is empty.
    const AND_ANY_OF: Permissions = Permissions::NONE;
}

macro_rules! requires {
    ($($name:ident),*) => {
        $(
            #[doc = concat!("Stands for [`Permission::", stringify!($name), "`].")]
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Requires for $name {
                const PERMISSION: Permission = Permission::$name;
            }
        )*
    };
}

requires!(
    ViewSecrets,
    ManageSecrets,
    BindSecrets,
    EditBindings,
    DeployWorkers,
    ViewWorkers,
    TailWorkers,
    DeployPages,
    ViewPages,
    ViewAccount,
    ManageAccount,
    ViewMembers,
    ViewTokens,
    ManageTokens,
    ViewAudit,
    ViewUser,
    ManageUser,
    ViewUserTokens,
    ManageUserTokens,
    ViewMemberships,
    ManageMemberships
);

/// Stands for [`Permission::ViewWorkers`] with a permission to edit some of what is viewed; which part, the edit
/// itself asks.
#[derive(Clone, Copy, Debug)]
pub struct EditSettings;

impl Requires for EditSettings {
    const PERMISSION: Permission = Permission::ViewWorkers;
    const AND_ANY_OF: Permissions = Permissions::of(&[
        Permission::DeployWorkers,
        Permission::EditBindings,
        Permission::BindSecrets,
    ]);
}

/// Proof that a caller has permission `P` in an account. Only [`Engine::authorize`] makes one.
#[derive(Debug)]
pub struct Permit<P> {
    pub(crate) caller: Arc<Caller>,
    pub(crate) account: Arc<AccountRow>,
    permission: PhantomData<P>,
}

impl<P> Permit<P> {
    /// The account.
    pub fn account_id(&self) -> AccountId {
        self.account.id
    }

    /// The account's row.
    pub fn account(&self) -> &AccountRow {
        &self.account
    }

    /// The same permit for a request whose repetition is answered as the first time.
    #[must_use]
    pub fn repeatable(mut self, key: IdempotencyKey) -> Self {
        self.caller = self.caller.repeatable(key);
        self
    }

    /// Who was permitted.
    pub fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// The permit for a further permission in the account.
    ///
    /// # Errors
    /// [`Error::Denied`] if the caller does not have it.
    pub fn and<Q: Requires>(&self) -> Result<Permit<Q>> {
        let permissions = self.caller.actor.permissions_in(self.account.id);
        let is_permitted = permissions.is_some_and(|permissions| {
            permissions.contains(Q::PERMISSION) && has_any(permissions, Q::AND_ANY_OF)
        });
        if !is_permitted {
            return Err(Error::Denied);
        }
        Ok(Permit {
            caller: Arc::clone(&self.caller),
            account: Arc::clone(&self.account),
            permission: PhantomData,
        })
    }

    /// Whether the caller has a further permission in the account.
    pub fn also_permits(&self, permission: Permission) -> bool {
        self.caller
            .actor
            .permissions_in(self.account.id)
            .is_some_and(|permissions| permissions.contains(permission))
    }
}

impl<P> Clone for Permit<P> {
    fn clone(&self) -> Self {
        Self {
            caller: Arc::clone(&self.caller),
            account: Arc::clone(&self.account),
            permission: PhantomData,
        }
    }
}

/// Proof that a caller has permission `P` about its own user. Only [`Engine::authorize_user`] makes one.
#[derive(Debug)]
pub struct UserPermit<P> {
    pub(crate) caller: Arc<Caller>,
    pub(crate) user: Arc<UserRow>,
    permission: PhantomData<P>,
}

impl<P> UserPermit<P> {
    /// The user who acts.
    pub fn user_id(&self) -> UserId {
        self.user.id
    }

    /// Who was permitted.
    pub fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// The same permit for a request whose repetition is answered as the first time.
    #[must_use]
    pub fn repeatable(mut self, key: IdempotencyKey) -> Self {
        self.caller = self.caller.repeatable(key);
        self
    }
}

impl<P> Clone for UserPermit<P> {
    fn clone(&self) -> Self {
        Self {
            caller: Arc::clone(&self.caller),
            user: Arc::clone(&self.user),
            permission: PhantomData,
        }
    }
}

impl Engine {
    /// Finds whether the caller has a permission about its own user.
    ///
    /// # Errors
    /// [`Error::NoUser`] if no user stands behind the caller; [`Error::Denied`] if the caller's token does not
    /// permit it.
    pub fn authorize_user<P: Requires>(&self, caller: &Arc<Caller>) -> Result<UserPermit<P>> {
        let user = caller.actor.user.as_ref().ok_or(Error::NoUser)?;
        if caller
            .actor
            .permissions_about_user()
            .contains(P::PERMISSION)
        {
            Ok(UserPermit {
                caller: Arc::clone(caller),
                user: Arc::clone(user),
                permission: PhantomData,
            })
        } else {
            Err(Error::Denied)
        }
    }

    /// Finds whether the caller has a permission in an account.
    ///
    /// # Errors
    /// [`Missing::Account`] if there is no such account or the caller may not know of it;
    /// [`Error::Denied`] if the caller is there without the permission.
    pub async fn authorize<P: Requires>(
        &self,
        caller: &Arc<Caller>,
        account_id: AccountId,
    ) -> Result<Permit<P>> {
        let permissions = caller
            .actor
            .permissions_in(account_id)
            .ok_or(Missing::Account)?;
        let account = self
            .store
            .account(account_id)
            .await?
            .ok_or(Missing::Account)?;
        if permissions.contains(P::PERMISSION) && has_any(permissions, P::AND_ANY_OF) {
            Ok(Permit {
                caller: Arc::clone(caller),
                account,
                permission: PhantomData,
            })
        } else {
            Err(Error::Denied)
        }
    }
}

/// Whether one of the wanted permissions is there; so it is if none is wanted.
fn has_any(permissions: Permissions, wanted: Permissions) -> bool {
    wanted.is_empty() || !permissions.intersection(wanted).is_empty()
}
