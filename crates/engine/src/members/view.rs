//! Members as the API and the audit log show them.

use coffer_protocol::members::{
    Areas, Grants, Member, MemberPolicy, MemberUser, ResourceGroup, ResourceScope,
    Role as RoleView, RoleGroup, ScopeObject,
};
use coffer_store::rows::members::{MemberRow, MemberWithUser};
use coffer_types::{
    AccountId, Effect, Email, MemberId, MembershipStatus, Permission, Permissions, Resource, Role,
};
use serde_json::json;

/// The areas that permissions are told in: what looking takes, and what changing takes.
const AREAS: [(&str, Option<Permission>, Option<Permission>); 8] = [
    (
        "organization",
        Some(Permission::ViewAccount),
        Some(Permission::ManageAccount),
    ),
    (
        "api_tokens",
        Some(Permission::ViewTokens),
        Some(Permission::ManageTokens),
    ),
    ("audit_logs", Some(Permission::ViewAudit), None),
    (
        "secrets_store",
        Some(Permission::ViewSecrets),
        Some(Permission::ManageSecrets),
    ),
    (
        "secrets_store_bindings",
        None,
        Some(Permission::BindSecrets),
    ),
    (
        "workers",
        Some(Permission::ViewWorkers),
        Some(Permission::DeployWorkers),
    ),
    ("workers_tail", Some(Permission::TailWorkers), None),
    (
        "pages",
        Some(Permission::ViewPages),
        Some(Permission::DeployPages),
    ),
];

/// Permissions area by area.
pub(crate) fn areas(permissions: Permissions) -> Areas {
    let has =
        |permission: Option<Permission>| permission.is_some_and(|one| permissions.contains(one));
    let grants = AREAS.into_iter().map(|(area, look, change)| {
        let (read, write) = (has(look), has(change));
        (area.to_owned(), Grants { read, write })
    });
    grants
        .filter(|(_, grants)| grants.read || grants.write)
        .collect()
}

/// A role.
pub(crate) fn role(role: Role) -> RoleView {
    RoleView {
        id: role.id().to_owned(),
        name: role.title().to_owned(),
        description: role.description().to_owned(),
        permissions: areas(role.permissions()),
    }
}

/// A member.
pub(crate) fn member(row: &MemberWithUser) -> Member {
    let MemberWithUser { member, email, .. } = row;
    // Whoever is only invited has not agreed to be known here by more than the address.
    let known = member.status == MembershipStatus::Accepted;
    let (first_name, last_name) = if known {
        (row.first_name.clone(), row.last_name.clone())
    } else {
        (None, None)
    };
    Member {
        id: member.id,
        email: email.clone(),
        status: member.status,
        user: MemberUser {
            id: member.user_id,
            email: email.clone(),
            first_name,
            last_name,
            two_factor_authentication_enabled: known && row.has_second_factor,
        },
        roles: member.roles.iter().copied().map(role).collect(),
        policies: policies(member.id, member.account_id, &member.roles),
    }
}

/// A membership's roles as policies, of which it has one.
pub(crate) fn policies(id: MemberId, account_id: AccountId, roles: &[Role]) -> Vec<MemberPolicy> {
    let resource = Resource::Account(account_id).to_string();
    let everything = ScopeObject {
        key: "*".to_owned(),
    };
    let groups = roles.iter().map(|role| RoleGroup {
        id: role.id().to_owned(),
        name: role.title().to_owned(),
    });
    vec![MemberPolicy {
        id,
        access: Effect::Allow,
        permission_groups: groups.collect(),
        resource_groups: vec![ResourceGroup {
            id: account_id,
            name: resource.clone(),
            scope: ResourceScope {
                key: resource,
                objects: vec![everything],
            },
        }],
    }]
}

/// What the audit log keeps of a member.
pub(crate) fn described(member: &MemberRow, email: &Email) -> serde_json::Value {
    json!({ "email": email, "roles": member.roles, "status": member.status })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a role permits in an account is told in some area, but for what is a part of another.
    #[test]
    fn no_permission_is_left_untold() {
        let told = AREAS
            .iter()
            .flat_map(|(_, look, change)| [*look, *change])
            .flatten();
        let told: Vec<_> = told
            .chain([Permission::EditBindings, Permission::ViewMembers])
            .collect();
        assert_eq!(Permissions::of(&told), Permissions::OF_ACCOUNT);
    }

    #[test]
    fn an_area_without_grants_is_left_out() {
        let areas = areas(Role::SecretsStoreDeployer.permissions());
        let read = Grants {
            read: true,
            write: false,
        };
        let write = Grants {
            read: false,
            write: true,
        };
        let expected = [
            ("organization", read),
            ("pages", read),
            ("secrets_store", read),
            ("secrets_store_bindings", write),
            ("workers", read),
        ];
        let expected = expected.map(|(area, grants)| (area.to_owned(), grants));
        assert_eq!(areas, expected.into_iter().collect());
    }
}
