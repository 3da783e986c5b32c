//! Roles of members, and what each permits.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::permission::{Permission, Permissions};

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

    /// The role's id on the wire: 32 hexadecimal digits.
    pub const fn id(self) -> &'static str {
        match self {
            Self::SuperAdministrator => "33666b9c79b9a5273fc7344ff42f953d",
            Self::SecretsStoreAdmin => "c0ffe500000000000000000000000101",
            Self::SecretsStoreDeployer => "c0ffe500000000000000000000000102",
            Self::SecretsStoreReporter => "c0ffe500000000000000000000000103",
            Self::WorkersPlatformAdmin => "c0ffe500000000000000000000000104",
            Self::WorkersReadOnly => "c0ffe500000000000000000000000105",
            Self::AuditLogsViewer => "c0ffe500000000000000000000000106",
        }
    }

    /// The role with this id.
    pub fn by_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.id() == id)
    }

    /// What the role is for, in a sentence.
    pub const fn description(self) -> &'static str {
        match self {
            Self::SuperAdministrator => {
                "Can do everything in the account, and manages its members."
            }
            Self::SecretsStoreAdmin => {
                "Can view, create, edit, duplicate and delete secrets, not bind them."
            }
            Self::SecretsStoreDeployer => {
                "Can view secrets' metadata and bind secrets to existing Workers."
            }
            Self::SecretsStoreReporter => "Can view secrets' metadata.",
            Self::WorkersPlatformAdmin => {
                "Can deploy Workers and Pages, with their own variables and secrets."
            }
            Self::WorkersReadOnly => "Can view Workers and Pages.",
            Self::AuditLogsViewer => "Can read the audit log.",
        }
    }

    /// What several roles permit together.
    pub fn permissions_of(roles: &[Self]) -> Permissions {
        roles
            .iter()
            .fold(Permissions::NONE, |sum, role| sum.union(role.permissions()))
    }

    /// What the role permits.
    pub const fn permissions(self) -> Permissions {
        use Permission as P;
        match self {
            Self::SuperAdministrator => Permissions::OF_ACCOUNT,
            Self::SecretsStoreAdmin => Permissions::of(&[
                P::ViewSecrets,
                P::ManageSecrets,
                P::ViewAccount,
                P::ViewMembers,
            ]),
            Self::SecretsStoreDeployer => Permissions::of(&[
                P::ViewSecrets,
                P::BindSecrets,
                P::ViewWorkers,
                P::ViewPages,
                P::ViewAccount,
                P::ViewMembers,
            ]),
            Self::SecretsStoreReporter => {
                Permissions::of(&[P::ViewSecrets, P::ViewAccount, P::ViewMembers])
            }
            Self::WorkersPlatformAdmin => Permissions::of(&[
                P::EditBindings,
                P::DeployWorkers,
                P::ViewWorkers,
                P::TailWorkers,
                P::DeployPages,
                P::ViewPages,
                P::ViewAccount,
                P::ViewMembers,
            ]),
            Self::WorkersReadOnly => {
                Permissions::of(&[P::ViewWorkers, P::ViewPages, P::ViewAccount, P::ViewMembers])
            }
            Self::AuditLogsViewer => {
                Permissions::of(&[P::ViewAudit, P::ViewAccount, P::ViewMembers])
            }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn removing_a_role_never_adds_a_permission(
            roles in proptest::collection::vec(proptest::sample::select(Role::ALL.to_vec()), 0..8),
            index in 0usize..8,
        ) {
            let mut fewer = roles.clone();
            if index < fewer.len() {
                let removed = fewer.remove(index);
                let (before, after) = (Role::permissions_of(&roles), Role::permissions_of(&fewer));
                prop_assert!(after.difference(before).is_empty());
                // What is lost is what the removed role alone gave.
                prop_assert!(before.difference(after).difference(removed.permissions()).is_empty());
            }
        }
    }

    /// The documents' own sentences, role by role.
    #[test]
    fn roles_are_as_documented() {
        use Permission as P;
        let may = |role: Role, permission| role.permissions().contains(permission);
        assert_eq!(
            Role::SuperAdministrator.permissions(),
            Permissions::OF_ACCOUNT
        );
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
}
