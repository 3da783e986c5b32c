//! Policies of API tokens: which permission groups over which resources.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::group::{GroupScope, PermissionGroup};
use super::permission::Permissions;
use crate::id::{AccountId, UserId};

/// Whether a policy grants or takes away. Taking away wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Grants.
    Allow,
    /// Takes away.
    Deny,
}

/// What a policy is about, written as the API does: `com.cloudflare.api.account.<id>` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// Every account of the token's owner; of a user, those that the user was in or invited to when the token was
    /// issued.
    EveryAccount,
    /// One account.
    Account(AccountId),
    /// One user; only the token's own owner counts.
    User(UserId),
}

/// A text that names no resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a resource: expected com.cloudflare.api.account.<id>, com.cloudflare.api.account.* or com.cloudflare.api.user.<id>"
)]
pub struct UnknownResource;

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryAccount => write!(f, "{}.*", GroupScope::Account.as_str()),
            Self::Account(id) => write!(f, "{}.{id}", GroupScope::Account.as_str()),
            Self::User(id) => write!(f, "{}.{id}", GroupScope::User.as_str()),
        }
    }
}

impl FromStr for Resource {
    type Err = UnknownResource;

    fn from_str(text: &str) -> Result<Self, UnknownResource> {
        let (scope, id) = text.rsplit_once('.').ok_or(UnknownResource)?;
        if scope == GroupScope::Account.as_str() {
            if id == "*" {
                return Ok(Self::EveryAccount);
            }
            id.parse().map(Self::Account).map_err(|_| UnknownResource)
        } else if scope == GroupScope::User.as_str() {
            id.parse().map(Self::User).map_err(|_| UnknownResource)
        } else {
            Err(UnknownResource)
        }
    }
}

impl Serialize for Resource {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Resource {
    fn is_account(self, account_id: AccountId) -> bool {
        self == Self::EveryAccount || self == Self::Account(account_id)
    }
}

/// One policy of an API token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Whether it grants or takes away.
    pub effect: Effect,
    /// Ids of permission groups.
    pub permission_groups: Vec<String>,
    /// What it is about; a policy about nothing has no effect.
    pub resources: Vec<Resource>,
}

impl Policy {
    /// What a list of policies permits in an account: everything allowed less everything denied.
    pub fn permissions(policies: &[Self], account_id: AccountId) -> Permissions {
        let covers = |_, resource: Resource| resource.is_account(account_id);
        Self::sum(policies, covers).intersection(Permissions::OF_ACCOUNT)
    }

    /// What a list of policies permits in an account by its name: what is allowed in every account does not count,
    /// what is denied there does.
    pub fn named_permissions(policies: &[Self], account_id: AccountId) -> Permissions {
        let covers = |effect, resource: Resource| match effect {
            Effect::Allow => resource == Resource::Account(account_id),
            Effect::Deny => resource.is_account(account_id),
        };
        Self::sum(policies, covers).intersection(Permissions::OF_ACCOUNT)
    }

    /// What a list of policies permits about a user.
    pub fn user_permissions(policies: &[Self], user_id: UserId) -> Permissions {
        let covers = |_, resource| resource == Resource::User(user_id);
        Self::sum(policies, covers).intersection(Permissions::OF_USER)
    }

    fn sum(policies: &[Self], covers: impl Fn(Effect, Resource) -> bool) -> Permissions {
        let of = |effect: Effect| {
            policies
                .iter()
                .filter(|policy| policy.effect == effect)
                .filter(|policy| {
                    let mut resources = policy.resources.iter();
                    resources.any(|resource| covers(effect, *resource))
                })
                .flat_map(|policy| &policy.permission_groups)
                .filter_map(|id| PermissionGroup::by_id(id))
                .fold(Permissions::NONE, |sum, group| sum.union(group.permissions))
        };
        of(Effect::Allow).difference(of(Effect::Deny))
    }

    /// The policies of a token that may do all that its owner, a user, may do.
    pub fn everything_of(user_id: UserId) -> Vec<Self> {
        let allow = |scope: GroupScope, resource: Resource| Self {
            effect: Effect::Allow,
            permission_groups: PermissionGroup::ALL
                .iter()
                .filter(|group| group.scope == scope)
                .map(|group| group.id.to_owned())
                .collect(),
            resources: vec![resource],
        };
        vec![
            allow(GroupScope::Account, Resource::EveryAccount),
            allow(GroupScope::User, Resource::User(user_id)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ACCOUNT: AccountId = AccountId::from_bytes([7; 16]);
    const USER: UserId = UserId::from_bytes([8; 16]);

    fn resource() -> impl Strategy<Value = Resource> {
        proptest::sample::select(vec![
            Resource::EveryAccount,
            Resource::Account(ACCOUNT),
            Resource::Account(AccountId::from_bytes([9; 16])),
            Resource::User(USER),
            Resource::User(UserId::from_bytes([9; 16])),
        ])
    }

    fn policies() -> impl Strategy<Value = Vec<Policy>> {
        let group = proptest::sample::select(
            PermissionGroup::ALL
                .map(|group| group.id.to_owned())
                .to_vec(),
        );
        let policy = (
            any::<bool>(),
            proptest::collection::vec(group, 0..4),
            proptest::collection::vec(resource(), 0..3),
        )
            .prop_map(|(allow, permission_groups, resources)| Policy {
                effect: if allow { Effect::Allow } else { Effect::Deny },
                permission_groups,
                resources,
            });
        proptest::collection::vec(policy, 0..6)
    }

    fn both(policies: &[Policy]) -> Permissions {
        Policy::permissions(policies, ACCOUNT).union(Policy::user_permissions(policies, USER))
    }

    proptest! {
        #[test]
        fn removing_an_allow_never_adds(policies in policies(), index in 0usize..6) {
            let mut fewer = policies.clone();
            if index < fewer.len() && fewer[index].effect == Effect::Allow {
                fewer.remove(index);
                prop_assert!(both(&fewer).difference(both(&policies)).is_empty());
            }
        }

        #[test]
        fn a_denial_always_wins(mut policies in policies(), place in 0usize..6, group in 0..PermissionGroup::ALL.len()) {
            let denied = PermissionGroup::ALL[group];
            let resources = vec![Resource::EveryAccount, Resource::User(USER)];
            let denial = Policy {
                effect: Effect::Deny,
                permission_groups: vec![denied.id.to_owned()],
                resources,
            };
            policies.insert(place.min(policies.len()), denial);
            prop_assert!(both(&policies).intersection(denied.permissions).is_empty());
        }

        #[test]
        fn what_names_an_account_permits_no_more_than_all(policies in policies()) {
            let named = Policy::named_permissions(&policies, ACCOUNT);
            prop_assert!(named.difference(Policy::permissions(&policies, ACCOUNT)).is_empty());
        }

        #[test]
        fn a_resource_is_read_as_it_is_written(resource in resource()) {
            prop_assert_eq!(resource.to_string().parse(), Ok(resource));
        }
    }

    #[test]
    fn what_is_no_resource_is_refused() {
        for text in [
            "",
            "*",
            "com.cloudflare.api.account",
            "com.cloudflare.api.account.",
            "com.cloudflare.api.account.zone.*",
            "com.cloudflare.api.user.*",
            "com.cloudflare.api.account.07070707070707070707070707070707x",
        ] {
            assert_eq!(text.parse::<Resource>(), Err(UnknownResource), "{text}");
        }
    }
}
