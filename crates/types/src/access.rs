//! Roles, permissions and policies: who may do what.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One thing an actor can be permitted to do in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u16)]
pub enum Permission {
    /// View secrets' metadata, stores and the quota.
    ViewSecrets = 1,
    /// Create, edit, duplicate and delete secrets and stores.
    ManageSecrets = 1 << 1,
    /// Add a Secrets Store binding to a Worker.
    BindSecrets = 1 << 2,
    /// Edit the bindings of an existing Worker, without new code.
    EditBindings = 1 << 3,
    /// Deploy code, manage per-Worker secrets and variables, and Pages.
    DeployWorkers = 1 << 4,
    /// View Workers and Pages.
    ViewWorkers = 1 << 5,
    /// View the account, its members and roles.
    ViewAccount = 1 << 6,
    /// Manage members, roles, tokens and limits of the account.
    ManageAccount = 1 << 7,
    /// Read the audit log.
    ViewAudit = 1 << 8,
}

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permissions(u16);

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 9] = [
        Self::ViewSecrets,
        Self::ManageSecrets,
        Self::BindSecrets,
        Self::EditBindings,
        Self::DeployWorkers,
        Self::ViewWorkers,
        Self::ViewAccount,
        Self::ManageAccount,
        Self::ViewAudit,
    ];
}

impl Permissions {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Everything.
    pub const ALL: Self = Self((1 << 9) - 1);

    /// The set of these permissions.
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < permissions.len() {
            bits |= permissions[index] as u16;
            index += 1;
        }
        Self(bits)
    }

    /// Whether the permission is in the set.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission as u16 != 0
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

/// A member's role. A member may hold several; their permissions add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    SuperAdministrator,
    /// Manages secrets but cannot bind them.
    SecretsStoreAdmin,
    /// Views secrets and binds them to Workers.
    SecretsStoreDeployer,
    /// Views secrets' metadata.
    SecretsStoreReporter,
    /// Deploys Workers and manages their own variables and secrets.
    WorkersPlatformAdmin,
    /// Views Workers and Pages.
    WorkersReadOnly,
    /// Reads the audit log.
    AuditLogsViewer,
}

/// A text that names no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such role")]
pub struct UnknownRole;

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] = [
        Self::SuperAdministrator,
        Self::SecretsStoreAdmin,
        Self::SecretsStoreDeployer,
        Self::SecretsStoreReporter,
        Self::WorkersPlatformAdmin,
        Self::WorkersReadOnly,
        Self::AuditLogsViewer,
    ];

    /// The role's word in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SuperAdministrator => "super_administrator",
            Self::SecretsStoreAdmin => "secrets_store_admin",
            Self::SecretsStoreDeployer => "secrets_store_deployer",
            Self::SecretsStoreReporter => "secrets_store_reporter",
            Self::WorkersPlatformAdmin => "workers_platform_admin",
            Self::WorkersReadOnly => "workers_read_only",
            Self::AuditLogsViewer => "audit_logs_viewer",
        }
    }

    /// The role's name as people read it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::SuperAdministrator => "Super Administrator - All Privileges",
            Self::SecretsStoreAdmin => "Secrets Store Admin",
            Self::SecretsStoreDeployer => "Secrets Store Deployer",
            Self::SecretsStoreReporter => "Secrets Store Reporter",
            Self::WorkersPlatformAdmin => "Workers Platform Admin",
            Self::WorkersReadOnly => "Workers Read Only",
            Self::AuditLogsViewer => "Audit Logs Viewer",
        }
    }

    /// What the role permits.
    pub const fn permissions(self) -> Permissions {
        use Permission as P;
        match self {
            Self::SuperAdministrator => Permissions::ALL,
            Self::SecretsStoreAdmin => {
                Permissions::of(&[P::ViewSecrets, P::ManageSecrets, P::ViewAccount])
            }
            Self::SecretsStoreDeployer => Permissions::of(&[
                P::ViewSecrets,
                P::BindSecrets,
                P::ViewWorkers,
                P::ViewAccount,
            ]),
            Self::SecretsStoreReporter => Permissions::of(&[P::ViewSecrets, P::ViewAccount]),
            Self::WorkersPlatformAdmin => Permissions::of(&[
                P::EditBindings,
                P::DeployWorkers,
                P::ViewWorkers,
                P::ViewAccount,
            ]),
            Self::WorkersReadOnly => Permissions::of(&[P::ViewWorkers, P::ViewAccount]),
            Self::AuditLogsViewer => Permissions::of(&[P::ViewAudit, P::ViewAccount]),
        }
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(UnknownRole)
    }
}

/// A named set of permissions that an API token's policy grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PermissionGroup {
    /// 32 hexadecimal digits; where the original's id is public knowledge, that one.
    pub id: &'static str,
    /// The name, which is the original's.
    pub name: &'static str,
    /// What it grants.
    pub permissions: Permissions,
}

impl PermissionGroup {
    /// Every permission group of account scope.
    pub const ALL: [Self; 8] = [
        Self::SECRETS_STORE_WRITE,
        Self::SECRETS_STORE_READ,
        Self::SECRETS_STORE_BIND,
        Self::WORKERS_SCRIPTS_WRITE,
        Self::WORKERS_SCRIPTS_READ,
        Self::ACCOUNT_SETTINGS_WRITE,
        Self::ACCOUNT_SETTINGS_READ,
        Self::AUDIT_LOGS_READ,
    ];

    /// *Account Secrets Store Edit*: manage, view and bind.
    pub const SECRETS_STORE_WRITE: Self = Self {
        id: "adc8fa2bc6124928a8b3314dc63a1235",
        name: "Secrets Store Write",
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
        permissions: Permissions::of(&[Permission::ViewSecrets, Permission::ViewAccount]),
    };
    /// Coffer's own: view and bind, without manage.
    pub const SECRETS_STORE_BIND: Self = Self {
        id: "c0ffe500000000000000000000000002",
        name: "Secrets Store Bind",
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
        permissions: Permissions::of(&[
            Permission::EditBindings,
            Permission::DeployWorkers,
            Permission::ViewWorkers,
            Permission::ViewAccount,
        ]),
    };
    /// View Workers.
    pub const WORKERS_SCRIPTS_READ: Self = Self {
        id: "1a71c399035b4950a1bd1466bbe4f420",
        name: "Workers Scripts Read",
        permissions: Permissions::of(&[Permission::ViewWorkers, Permission::ViewAccount]),
    };
    /// Manage the account's settings and members.
    pub const ACCOUNT_SETTINGS_WRITE: Self = Self {
        id: "c0ffe500000000000000000000000003",
        name: "Account Settings Write",
        permissions: Permissions::of(&[
            Permission::ManageAccount,
            Permission::ViewAccount,
            Permission::ViewAudit,
        ]),
    };
    /// View the account's settings and members, and its audit log.
    pub const ACCOUNT_SETTINGS_READ: Self = Self {
        id: "c0ffe500000000000000000000000004",
        name: "Account Settings Read",
        permissions: Permissions::of(&[Permission::ViewAccount, Permission::ViewAudit]),
    };
    /// Read the audit log only.
    pub const AUDIT_LOGS_READ: Self = Self {
        id: "c0ffe500000000000000000000000005",
        name: "Account Audit Logs Read",
        permissions: Permissions::of(&[Permission::ViewAudit]),
    };

    /// The group with this id.
    pub fn by_id(id: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|group| group.id == id)
    }
}

/// Whether a policy grants or takes away. Taking away wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Grants.
    Allow,
    /// Takes away.
    Deny,
}

/// One policy of an API token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Whether it grants or takes away.
    pub effect: Effect,
    /// Ids of permission groups.
    pub permission_groups: Vec<String>,
    /// The accounts it is about; empty means every account of the token's owner.
    pub accounts: Vec<crate::id::AccountId>,
}

impl Policy {
    /// What a list of policies permits in an account: everything allowed less everything denied.
    pub fn permissions(policies: &[Self], account_id: crate::id::AccountId) -> Permissions {
        let of = |effect: Effect| {
            policies
                .iter()
                .filter(|policy| policy.effect == effect)
                .filter(|policy| {
                    policy.accounts.is_empty() || policy.accounts.contains(&account_id)
                })
                .flat_map(|policy| &policy.permission_groups)
                .filter_map(|id| PermissionGroup::by_id(id))
                .fold(Permissions::NONE, |sum, group| sum.union(group.permissions))
        };
        of(Effect::Allow).difference(of(Effect::Deny))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The documents' own sentences, role by role.
    #[test]
    fn roles_are_as_documented() {
        use Permission as P;
        let may = |role: Role, permission| role.permissions().contains(permission);
        for permission in P::ALL {
            assert!(may(Role::SuperAdministrator, permission));
        }
        assert!(
            may(Role::SecretsStoreAdmin, P::ManageSecrets)
                && !may(Role::SecretsStoreAdmin, P::BindSecrets)
        );
        assert!(
            may(Role::SecretsStoreDeployer, P::BindSecrets)
                && !may(Role::SecretsStoreDeployer, P::ManageSecrets)
        );
        assert!(
            may(Role::SecretsStoreDeployer, P::ViewSecrets)
                && !may(Role::SecretsStoreDeployer, P::DeployWorkers)
        );
        assert!(
            may(Role::SecretsStoreReporter, P::ViewSecrets)
                && !may(Role::SecretsStoreReporter, P::BindSecrets)
        );
        assert!(
            !may(Role::WorkersPlatformAdmin, P::ViewSecrets)
                && !may(Role::WorkersPlatformAdmin, P::BindSecrets)
        );
    }

    fn policies() -> impl Strategy<Value = Vec<Policy>> {
        let group = proptest::sample::select(
            PermissionGroup::ALL
                .map(|group| group.id.to_owned())
                .to_vec(),
        );
        let policy = (any::<bool>(), proptest::collection::vec(group, 0..4)).prop_map(
            |(allow, permission_groups)| Policy {
                effect: if allow { Effect::Allow } else { Effect::Deny },
                permission_groups,
                accounts: Vec::new(),
            },
        );
        proptest::collection::vec(policy, 0..5)
    }

    proptest! {
        #[test]
        fn removing_an_allow_never_adds(policies in policies(), index in 0usize..5) {
            let account = crate::id::AccountId::from_bytes([7; 16]);
            let before = Policy::permissions(&policies, account);
            let mut fewer = policies.clone();
            if index < fewer.len() && fewer[index].effect == Effect::Allow {
                fewer.remove(index);
                let after = Policy::permissions(&fewer, account);
                prop_assert!(after.difference(before).is_empty());
            }
        }
    }
}
