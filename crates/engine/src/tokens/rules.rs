//! What a token may be asked to be, beyond the form of its fields.

use coffer_store::rows::tokens::TokenOwner;
use coffer_types::{GroupScope, PermissionGroup, Policy, Resource, Timestamp};

use super::permit::TokensPermit;
use super::settings::TokenSettings;
use crate::error::{Error, Invalid, Problem, Result};

impl<P> TokensPermit<P> {
    /// Refuses settings that a token of this owner cannot have now, naming all that is wrong.
    pub(crate) fn check(&self, settings: &TokenSettings, now: Timestamp) -> Result<()> {
        let mut wrong = check_times(settings, now);
        for (index, policy) in settings.policies.iter().enumerate() {
            let at = format!("/policies/{index}");
            self.check_resources(policy, &at, &mut wrong);
            check_scopes(policy, &at, &mut wrong);
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(wrong))
        }
    }

    fn check_resources(&self, policy: &Policy, at: &str, wrong: &mut Vec<Invalid>) {
        for resource in &policy.resources {
            let rule = match (*resource, self.owner) {
                (Resource::EveryAccount, _) => continue,
                (Resource::Account(id), _) if self.may_name(id) => continue,
                (Resource::User(id), TokenOwner::User(owner)) if id == owner => continue,
                (Resource::Account(_), TokenOwner::Account(_)) => {
                    "an account's own token can be about that account only"
                }
                (Resource::Account(_), TokenOwner::User(_)) => "the user is in no such account",
                (Resource::User(_), TokenOwner::Account(_)) => {
                    "an account's own token cannot be about a user"
                }
                (Resource::User(_), TokenOwner::User(_)) => {
                    "a user's token can be about that user only"
                }
            };
            wrong.push(refused(
                format!("{at}/resources/{resource}"),
                format!("token_resource_invalid: {rule}"),
            ));
        }
    }
}

fn check_times(settings: &TokenSettings, now: Timestamp) -> Vec<Invalid> {
    let mut wrong = Vec::new();
    let Some(expires_on) = settings.expires_on else {
        return wrong;
    };
    if expires_on <= now {
        let rule = format!("token_expired: expires_on must be later than now, which is {now}");
        wrong.push(refused("/expires_on".to_owned(), rule));
    }
    if settings.not_before.is_some_and(|from| from >= expires_on) {
        let rule = "token_never_valid: not_before must be earlier than expires_on".to_owned();
        wrong.push(refused("/not_before".to_owned(), rule));
    }
    wrong
}

/// A policy about accounts grants what is about accounts, one about a user what is about users.
fn check_scopes(policy: &Policy, at: &str, wrong: &mut Vec<Invalid>) {
    for (index, id) in policy.permission_groups.iter().enumerate() {
        let Some(group) = PermissionGroup::by_id(id) else {
            continue;
        };
        let other = policy
            .resources
            .iter()
            .find(|resource| scope_of(**resource) != group.scope);
        if let Some(other) = other {
            let rule = format!(
                "token_scope_mismatch: {} is about {}.* and not about {other}; use a policy of its own",
                group.name,
                group.scope.as_str(),
            );
            wrong.push(refused(format!("{at}/permission_groups/{index}/id"), rule));
        }
    }
}

const fn scope_of(resource: Resource) -> GroupScope {
    match resource {
        Resource::EveryAccount | Resource::Account(_) => GroupScope::Account,
        Resource::User(_) => GroupScope::User,
    }
}

const fn refused(pointer: String, rule: String) -> Invalid {
    Invalid {
        pointer,
        problem: Problem::Token(rule),
    }
}
