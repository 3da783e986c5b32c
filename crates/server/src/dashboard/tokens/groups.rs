//! The permission groups that a form offers, by what they are about, and sets of them to begin with.

use coffer_types::{GroupScope, Permission, PermissionGroup};

use super::owner::Owner;

/// Groups under one heading.
pub(super) struct Section {
    pub(super) heading: &'static str,
    pub(super) groups: Vec<&'static PermissionGroup>,
}

/// A set of groups to begin with: the word in the address, what people read, and the groups.
pub(super) struct Template {
    pub(super) word: &'static str,
    pub(super) label: &'static str,
    groups: &'static [PermissionGroup],
}

const TEMPLATES: [Template; 3] = [
    Template {
        word: "edit-secrets-store",
        label: "Edit Secrets Store",
        groups: &[PermissionGroup::SECRETS_STORE_WRITE],
    },
    Template {
        word: "deploy-workers",
        label: "Deploy Workers",
        groups: &[
            PermissionGroup::WORKERS_SCRIPTS_WRITE,
            PermissionGroup::PAGES_WRITE,
            PermissionGroup::SECRETS_STORE_BIND,
            PermissionGroup::USER_DETAILS_READ,
            PermissionGroup::MEMBERSHIPS_READ,
        ],
    },
    Template {
        word: "read-all",
        label: "Read all",
        groups: &[
            PermissionGroup::SECRETS_STORE_READ,
            PermissionGroup::WORKERS_SCRIPTS_READ,
            PermissionGroup::WORKERS_TAIL_READ,
            PermissionGroup::PAGES_READ,
            PermissionGroup::ACCOUNT_SETTINGS_READ,
            PermissionGroup::AUDIT_LOGS_READ,
            PermissionGroup::ACCOUNT_API_TOKENS_READ,
            PermissionGroup::USER_DETAILS_READ,
            PermissionGroup::MEMBERSHIPS_READ,
            PermissionGroup::API_TOKENS_READ,
        ],
    },
];

/// Sets to begin with.
pub(super) fn templates() -> &'static [Template] {
    &TEMPLATES
}

/// The set of this word, as the owner's tokens can have it.
pub(super) fn template(word: &str, owner: Owner) -> Option<(&'static str, Vec<String>)> {
    let template = TEMPLATES.iter().find(|one| one.word == word)?;
    let groups = template.groups.iter().filter(|one| owner.can_have(one));
    Some((
        template.label,
        groups.map(|one| one.id.to_owned()).collect(),
    ))
}

/// The groups that the owner's tokens can have, by what they are about.
pub(super) fn sections(owner: Owner) -> Vec<Section> {
    const HEADINGS: [&str; 5] = [
        "Secrets Store",
        "Workers",
        "Pages",
        "Account",
        "Your own user",
    ];
    let of = |heading: &'static str| Section {
        heading,
        groups: PermissionGroup::ALL
            .iter()
            .filter(|group| owner.can_have(group) && heading_of(group) == heading)
            .filter_map(|group| PermissionGroup::by_id(group.id))
            .collect(),
    };
    let sections = HEADINGS.map(of).into_iter();
    sections.filter(|one| !one.groups.is_empty()).collect()
}

/// What a group permits, in words that follow *may*.
pub(super) fn words(group: &PermissionGroup) -> String {
    let permitted = Permission::ALL
        .into_iter()
        .filter(|one| group.permissions.contains(*one));
    let words: Vec<_> = permitted.map(Permission::words).collect();
    words.join(", ")
}

fn heading_of(group: &PermissionGroup) -> &'static str {
    match group.name.split_once(' ').map(|(first, _)| first) {
        _ if group.scope == GroupScope::User => "Your own user",
        Some("Secrets") => "Secrets Store",
        Some("Workers") => "Workers",
        Some("Pages") => "Pages",
        _ => "Account",
    }
}

#[cfg(test)]
mod tests {
    use coffer_types::{AccountId, UserId};

    use super::*;

    #[test]
    fn every_group_is_offered_once_to_users_and_those_about_accounts_to_accounts() {
        let count = |owner| {
            let sections = sections(owner);
            sections.iter().map(|one| one.groups.len()).sum::<usize>()
        };
        let user = Owner::User(UserId::from_bytes([1; 16]));
        let account = Owner::Account(AccountId::from_bytes([2; 16]));
        assert_eq!(count(user), PermissionGroup::ALL.len());
        let about_accounts = PermissionGroup::ALL.iter();
        let about_accounts = about_accounts.filter(|group| group.scope == GroupScope::Account);
        assert_eq!(count(account), about_accounts.count());
        let (_, groups) = template("deploy-workers", account).unwrap();
        assert_eq!(groups.len(), 3);
        assert!(template("nonsense", user).is_none());
    }
}
