//! Permission groups: the named sets of permissions that policies of API tokens grant.

use super::permission::{Permission, Permissions};

/// What a permission group is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupScope {
    /// Accounts.
    Account,
    /// The user who owns the token.
    User,
}

impl GroupScope {
    /// The scope's word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "com.cloudflare.api.account",
            Self::User => "com.cloudflare.api.user",
        }
    }
}

/// A named set of permissions that an API token's policy grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PermissionGroup {
    /// 32 hexadecimal digits; where the original's id is public knowledge, that one.
    pub id: &'static str,
    /// The name, which is the original's.
    pub name: &'static str,
    /// What it is about.
    pub scope: GroupScope,
    /// What it grants.
    pub permissions: Permissions,
}

impl PermissionGroup {
    /// Every permission group.
    pub const ALL: [Self; 19] = [
        Self::SECRETS_STORE_WRITE,
        Self::SECRETS_STORE_READ,
        Self::SECRETS_STORE_BIND,
        Self::WORKERS_SCRIPTS_WRITE,
        Self::WORKERS_SCRIPTS_READ,
        Self::WORKERS_TAIL_READ,
        Self::PAGES_WRITE,
        Self::PAGES_READ,
        Self::ACCOUNT_SETTINGS_WRITE,
        Self::ACCOUNT_SETTINGS_READ,
        Self::AUDIT_LOGS_READ,
        Self::ACCOUNT_API_TOKENS_WRITE,
        Self::ACCOUNT_API_TOKENS_READ,
        Self::USER_DETAILS_WRITE,
        Self::USER_DETAILS_READ,
        Self::MEMBERSHIPS_WRITE,
        Self::MEMBERSHIPS_READ,
        Self::API_TOKENS_WRITE,
        Self::API_TOKENS_READ,
    ];

    /// *Account Secrets Store Edit*: manage, view and bind.
    pub const SECRETS_STORE_WRITE: Self = Self {
        id: "adc8fa2bc6124928a8b3314dc63a1235",
        name: "Secrets Store Write",
        scope: GroupScope::Account,
        permissions: Permissions::of(&[
            Permission::ViewSecrets,
            Permission::ManageSecrets,
            Permission::BindSecrets,
            Permission::ViewAccount,
        ]),
    };
    /// *Account Secrets Store Read*: view metadata.
    pub const SECRETS_STORE_READ: Self = Self {
        id: "c0ffe500000000000000000000000001",
        name: "Secrets Store Read",
        scope: GroupScope::Account,
        permissions: Permissions::of(&[Permission::ViewSecrets, Permission::ViewAccount]),
    };
    /// Coffer's own: view and bind, without manage.
    pub const SECRETS_STORE_BIND: Self = Self {
        id: "c0ffe500000000000000000000000002",
        name: "Secrets Store Bind",
        scope: GroupScope::Account,
        permissions: Permissions::of(&[
            Permission::ViewSecrets,
            Permission::BindSecrets,
            Permission::ViewAccount,
        ]),
    };
    /// Deploy and edit Workers.
    pub const WORKERS_SCRIPTS_WRITE: Self = Self {
        id: "e086da7e2179491d91ee5f35b3ca210a",
        name: "Workers Scripts Write",
        scope: GroupScope::Account,
        permissions: Permissions::of(&[
            Permission::EditBindings,
            Permission::DeployWorkers,
            Permission::ViewWorkers,
            Permission::TailWorkers,
            Permission::ViewAccount,
        ]),
    };
    /// View Workers.
    pub const WORKERS_SCRIPTS_READ: Self = Self {
        id: "1a71c399035b4950a1bd1466bbe4f420",
        name: "Workers Scripts Read",
        scope: GroupScope::Account,
        permissions: Permissions::of(&[Permission::ViewWorkers, Permission::ViewAccount]),
    };
    /// View Workers and follow their logs.
    pub const WORKERS_TAIL_READ: Self = Self {
        id: "c0ffe500000000000000000000000010",
        name: "Workers Tail Read",
        scope: GroupScope::Account,
        permissions: Permissions::of(&[
            Permission::ViewWorkers,
            Permission::TailWorkers,
            Permission::ViewAccount,
        ]),
    };
    /// Deploy and edit Pages projects.
    pub const PAGES_WRITE: Self = Self {
        id: "c0ffe500000000000000000000000011",
        name: "Pages Write",
        scope: GroupScope::Account,
        permissions: Permissions::of(&[
            Permission::DeployPages,
            Permission::ViewPages,
            Permission::ViewAccount,
        ]),
    };
    /// View Pages projects.
    pub const PAGES_READ: Self = Self {
        id: "c0ffe500000000000000000000000012",
        name: "Pages Read",
        scope: GroupScope::Account,
        permissions: Permissions::of(&[Permission::ViewPages, Permission::ViewAccount]),
    };
    /// Manage the account's settings and members, and read its audit log. It may give members any role, so also what it
    /// does not permit itself.
    pub const ACCOUNT_SETTINGS_WRITE: Self = Self {
        id: "c0ffe500000000000000000000000003",
        name: "Account Settings Write",
        scope: GroupScope::Account,
        permissions: Permissions::of(&[
            Permission::ManageAccount,
            Permission::ViewAccount,
            Permission::ViewMembers,
            Permission::ViewAudit,
        ]),
    };
    /// View the account's settings and members, and its audit log.
    pub const ACCOUNT_SETTINGS_READ: Self = Self {
        id: "c0ffe500000000000000000000000004",
        name: "Account Settings Read",
        scope: GroupScope::Account,
        permissions: Permissions::of(&[
            Permission::ViewAccount,
            Permission::ViewMembers,
            Permission::ViewAudit,
        ]),
    };
    /// Read the audit log only.
    pub const AUDIT_LOGS_READ: Self = Self {
        id: "c0ffe500000000000000000000000005",
        name: "Account Audit Logs Read",
        scope: GroupScope::Account,
        permissions: Permissions::of(&[Permission::ViewAudit]),
    };
    /// Manage the account's own API tokens, those included that may do more than it permits itself.
    pub const ACCOUNT_API_TOKENS_WRITE: Self = Self {
        id: "5bc3f8b21c554832afc660159ab75fa4",
        name: "Account API Tokens Write",
        scope: GroupScope::Account,
        permissions: Permissions::of(&[
            Permission::ManageTokens,
            Permission::ViewTokens,
            Permission::ViewAccount,
        ]),
    };
    /// View the account's own API tokens.
    pub const ACCOUNT_API_TOKENS_READ: Self = Self {
        id: "eb56a6953c034b9d97dd838155666f06",
        name: "Account API Tokens Read",
        scope: GroupScope::Account,
        permissions: Permissions::of(&[Permission::ViewTokens, Permission::ViewAccount]),
    };
    /// Edit the user's details.
    pub const USER_DETAILS_WRITE: Self = Self {
        id: "c0ffe500000000000000000000000007",
        name: "User Details Write",
        scope: GroupScope::User,
        permissions: Permissions::of(&[Permission::ManageUser, Permission::ViewUser]),
    };
    /// View the user's details.
    pub const USER_DETAILS_READ: Self = Self {
        id: "c0ffe500000000000000000000000006",
        name: "User Details Read",
        scope: GroupScope::User,
        permissions: Permissions::of(&[Permission::ViewUser]),
    };
    /// Accept and leave memberships.
    pub const MEMBERSHIPS_WRITE: Self = Self {
        id: "c0ffe500000000000000000000000009",
        name: "Memberships Write",
        scope: GroupScope::User,
        permissions: Permissions::of(&[Permission::ManageMemberships, Permission::ViewMemberships]),
    };
    /// View the accounts that the user is a member of.
    pub const MEMBERSHIPS_READ: Self = Self {
        id: "c0ffe500000000000000000000000008",
        name: "Memberships Read",
        scope: GroupScope::User,
        permissions: Permissions::of(&[Permission::ViewMemberships]),
    };
    /// Manage the user's API tokens, those included that may do more than it permits itself, up to what the user may.
    pub const API_TOKENS_WRITE: Self = Self {
        id: "686d18d5ac6c441c867cbf6771e58a0a",
        name: "API Tokens Write",
        scope: GroupScope::User,
        permissions: Permissions::of(&[Permission::ManageUserTokens, Permission::ViewUserTokens]),
    };
    /// View the user's API tokens.
    pub const API_TOKENS_READ: Self = Self {
        id: "0cc3a61731504c89b99ec1be78b77aa0",
        name: "API Tokens Read",
        scope: GroupScope::User,
        permissions: Permissions::of(&[Permission::ViewUserTokens]),
    };

    /// The kind of product that it belongs to, as the API's list of groups names it.
    pub fn category(&self) -> &'static str {
        match self.name.split_once(' ').map(|(first, _)| first) {
            Some("Secrets" | "Workers" | "Pages") => "developer_platform",
            Some(_) if self.id == Self::AUDIT_LOGS_READ.id => "analytics_and_logs",
            _ => "account_and_billing",
        }
    }

    /// The group with this id.
    pub fn by_id(id: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|group| group.id == id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn groups_differ_and_stay_in_their_scope() {
        let ids: BTreeSet<_> = PermissionGroup::ALL.iter().map(|group| group.id).collect();
        let names: BTreeSet<_> = PermissionGroup::ALL
            .iter()
            .map(|group| group.name)
            .collect();
        assert_eq!(
            (ids.len(), names.len()),
            (PermissionGroup::ALL.len(), PermissionGroup::ALL.len())
        );
        for group in PermissionGroup::ALL {
            let within = match group.scope {
                GroupScope::Account => Permissions::OF_ACCOUNT,
                GroupScope::User => Permissions::OF_USER,
            };
            assert!(
                group.permissions.difference(within).is_empty(),
                "{}",
                group.name
            );
            assert_eq!(PermissionGroup::by_id(group.id), Some(&group));
        }
    }
}
