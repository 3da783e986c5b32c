//! What can be permitted.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing an actor can be permitted: in an account, or, from [`ViewUser`](Self::ViewUser) on, about the user
/// who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u32)]
pub enum Permission {
    /// View secrets' metadata, stores and the quota.
    ViewSecrets = 1 << 0,
    /// Create, edit, duplicate and delete secrets and stores.
    ManageSecrets = 1 << 1,
    /// Add a Secrets Store binding to a Worker.
    BindSecrets = 1 << 2,
    /// Edit the bindings of an existing Worker, without new code.
    EditBindings = 1 << 3,
    /// Deploy code, manage per-Worker secrets and variables.
    DeployWorkers = 1 << 4,
    /// View Workers.
    ViewWorkers = 1 << 5,
    /// Follow the logs of running Workers.
    TailWorkers = 1 << 6,
    /// Deploy Pages projects, manage their variables and secrets.
    DeployPages = 1 << 7,
    /// View Pages projects.
    ViewPages = 1 << 8,
    /// View the account and its settings.
    ViewAccount = 1 << 9,
    /// Manage members, roles, limits and settings of the account.
    ManageAccount = 1 << 10,
    /// View the account's own API tokens.
    ViewTokens = 1 << 11,
    /// Manage the account's own API tokens.
    ManageTokens = 1 << 12,
    /// Read the audit log.
    ViewAudit = 1 << 13,
    /// View the account's members and the roles that they can have.
    ViewMembers = 1 << 14,
    /// View the user's own details.
    ViewUser = 1 << 15,
    /// Edit the user's own details.
    ManageUser = 1 << 16,
    /// View the user's own API tokens.
    ViewUserTokens = 1 << 17,
    /// Manage the user's own API tokens.
    ManageUserTokens = 1 << 18,
    /// View the accounts that the user is a member of.
    ViewMemberships = 1 << 19,
    /// Accept and leave memberships.
    ManageMemberships = 1 << 20,
}

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permissions(u32);

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 21] = [
        Self::ViewSecrets,
        Self::ManageSecrets,
        Self::BindSecrets,
        Self::EditBindings,
        Self::DeployWorkers,
        Self::ViewWorkers,
        Self::TailWorkers,
        Self::DeployPages,
        Self::ViewPages,
        Self::ViewAccount,
        Self::ManageAccount,
        Self::ViewTokens,
        Self::ManageTokens,
        Self::ViewAudit,
        Self::ViewMembers,
        Self::ViewUser,
        Self::ManageUser,
        Self::ViewUserTokens,
        Self::ManageUserTokens,
        Self::ViewMemberships,
        Self::ManageMemberships,
    ];

    /// The permission in words that follow *may*.
    pub const fn words(self) -> &'static str {
        match self {
            Self::ViewSecrets => "view secrets",
            Self::ManageSecrets => "manage secrets",
            Self::BindSecrets => "bind secrets",
            Self::EditBindings => "edit bindings",
            Self::DeployWorkers => "deploy Workers",
            Self::ViewWorkers => "view Workers",
            Self::TailWorkers => "tail Workers",
            Self::DeployPages => "deploy Pages",
            Self::ViewPages => "view Pages",
            Self::ViewAccount => "view the account",
            Self::ManageAccount => "manage the account",
            Self::ViewTokens => "view the account's tokens",
            Self::ManageTokens => "manage the account's tokens",
            Self::ViewAudit => "view the audit log",
            Self::ViewMembers => "view members and roles",
            Self::ViewUser => "view the user",
            Self::ManageUser => "edit the user",
            Self::ViewUserTokens => "view the user's tokens",
            Self::ManageUserTokens => "manage the user's tokens",
            Self::ViewMemberships => "view memberships",
            Self::ManageMemberships => "manage memberships",
        }
    }

    /// Whether it is about the user who acts, not about an account.
    pub const fn is_of_user(self) -> bool {
        Permissions::OF_USER.contains(self)
    }
}

impl Permissions {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything that can be permitted in an account.
    pub const OF_ACCOUNT: Self = Self((1 << 15) - 1);
    /// Everything that can be permitted about a user, to that user alone.
    pub const OF_USER: Self = Self(((1 << 21) - 1) & !Self::OF_ACCOUNT.0);

    /// The set of these permissions.
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < permissions.len() {
            bits |= permissions[index] as u32;
            index += 1;
        }
        Self(bits)
    }

    /// Whether the permission is in the set.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission as u32 != 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(
                Permission::ALL
                    .into_iter()
                    .filter(|one| self.contains(*one)),
            )
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_is_of_an_account_or_of_a_user() {
        for permission in Permission::ALL {
            assert_ne!(
                Permissions::OF_ACCOUNT.contains(permission),
                permission.is_of_user()
            );
        }
        let all = Permissions::OF_ACCOUNT.union(Permissions::OF_USER);
        assert_eq!(Permissions::of(&Permission::ALL), all);
    }
}
