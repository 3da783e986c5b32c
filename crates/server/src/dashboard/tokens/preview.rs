//! What a token with some groups may do, and what it may not, in words.

use coffer_types::{Permission, PermissionGroup, Permissions};

use super::owner::Owner;

/// What may be done and what may not.
#[derive(Debug, Default)]
pub(super) struct Preview {
    pub(super) may: Vec<&'static str>,
    pub(super) may_not: Vec<&'static str>,
}

impl Preview {
    /// That of these groups, for a token of this owner.
    pub(super) fn of(groups: &[String], owner: Owner) -> Self {
        let groups = groups.iter().filter_map(|id| PermissionGroup::by_id(id));
        let granted = groups.fold(Permissions::NONE, |sum, group| sum.union(group.permissions));
        let all = match owner {
            Owner::Account(_) => Permissions::OF_ACCOUNT,
            Owner::User(_) => Permissions::OF_ACCOUNT.union(Permissions::OF_USER),
        };
        let words = |set: Permissions| {
            let permissions = Permission::ALL.into_iter();
            let in_set = permissions.filter(|one| set.contains(*one));
            in_set.map(Permission::words).collect()
        };
        Self {
            may: words(granted.intersection(all)),
            may_not: words(all.difference(granted)),
        }
    }
}
