//! What goes with a membership, and what an account cannot be without.

use coffer_store::Tx;
use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::members::{self, MemberRow};
use coffer_store::rows::tokens::{self, TokenOwner, TokenRow};
use coffer_store::rows::{Direction, Slice, sessions};
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{AccountId, Effect, Email, MembershipStatus, Policy, Resource, Role};
use serde_json::json;

use super::described;
use crate::actor::Caller;
use crate::engine::Engine;
use crate::error::{Conflict, Result};
use crate::mutate::About;

/// Refuses to take the role from an account's last Super Administrator, who is to have these roles from now on.
///
/// # Errors
/// [`Conflict::LastSuperAdministrator`].
pub(crate) async fn keep_a_super_administrator(
    tx: &mut Tx<'_>,
    member: &MemberRow,
    roles: &[Role],
) -> Result<()> {
    let is_one = member.status == MembershipStatus::Accepted
        && member.roles.contains(&Role::SuperAdministrator);
    let stays_one = roles.contains(&Role::SuperAdministrator);
    if is_one && !stays_one && !members::has_another_super_administrator(tx, member).await? {
        return Err(Conflict::LastSuperAdministrator.into());
    }
    Ok(())
}

/// Ends a membership, with what the user's tokens name of its account and, if it is the user's last, with the user's
/// sessions. Gives the events of all that. Nothing of it comes back when the user is invited again: what a token
/// named is struck out here, and a token for every account counts only where the user was before it was issued.
///
/// # Errors
/// [`Conflict::LastSuperAdministrator`].
pub(crate) async fn end_membership(
    engine: &Engine,
    tx: &mut Tx<'_>,
    caller: &Caller,
    member: &MemberRow,
    email: &Email,
) -> Result<Vec<NewEvent>> {
    keep_a_super_administrator(tx, member, &[]).await?;
    members::delete(tx, member).await?;
    let ended = end_tokens(tx, member).await?;
    let others = members::of_user(tx, member.user_id).await?;
    let still_somewhere = others
        .iter()
        .any(|other| other.status == MembershipStatus::Accepted);
    let sessions_ended = if still_somewhere {
        0
    } else {
        sessions::delete_of_user(tx, member.user_id, None).await?
    };
    let is_deleted = |(_, left): &&(TokenRow, Left)| matches!(left, Left::Nothing);
    let details = json!({
        "before": described(member, email),
        "tokens_deleted": ended.iter().filter(is_deleted).count(),
        "sessions_ended": sessions_ended,
    });
    let about = About {
        action: Action::Delete,
        resource_kind: ResourceKind::Member,
        resource_id: member.id.to_string(),
        details,
    };
    let mut events = vec![engine.event(caller, member.account_id, about)];
    for (token, left) in &ended {
        let about = ended_token(member, token, left);
        events.push(engine.event(caller, member.account_id, about));
    }
    Ok(events)
}

/// What a token is without an account that it named.
#[derive(Debug, PartialEq, Eq)]
enum Left {
    /// It allowed nothing in another account.
    Nothing,
    /// These policies.
    Policies(Vec<Policy>),
}

/// Takes the account out of every token of the user that names it. Gives those tokens as they were.
async fn end_tokens(tx: &mut Tx<'_>, member: &MemberRow) -> Result<Vec<(TokenRow, Left)>> {
    let owner = TokenOwner::User(member.user_id);
    let (all, _) = tokens::list(tx, owner, None, Direction::Ascending, Slice::ALL).await?;
    let mut ended = Vec::new();
    for (token, _) in all {
        let Some(left) = without(&token.policies, member.account_id) else {
            continue;
        };
        match &left {
            Left::Nothing => tokens::delete(tx, &token).await?,
            Left::Policies(policies) => {
                let after = TokenRow {
                    policies: policies.clone(),
                    ..token.clone()
                };
                tokens::update(tx, &after, &token.prefix).await?;
            }
        }
        ended.push((token, left));
    }
    Ok(ended)
}

/// The policies without what they allow in an account; `None` if none of them names it. What they deny there stays:
/// that can never let anyone in.
fn without(policies: &[Policy], account_id: AccountId) -> Option<Left> {
    let ended = Resource::Account(account_id);
    let names_it =
        |policy: &Policy| policy.effect == Effect::Allow && policy.resources.contains(&ended);
    if !policies.iter().any(names_it) {
        return None;
    }
    let mut left = Vec::with_capacity(policies.len());
    for policy in policies {
        let mut policy = policy.clone();
        if names_it(&policy) {
            policy.resources.retain(|resource| *resource != ended);
        }
        if !policy.resources.is_empty() {
            left.push(policy);
        }
    }
    let is_of_an_account = |resource: &Resource| !matches!(resource, Resource::User(_));
    let allows_elsewhere = left.iter().any(|policy| {
        policy.effect == Effect::Allow && policy.resources.iter().any(is_of_an_account)
    });
    Some(if allows_elsewhere {
        Left::Policies(left)
    } else {
        Left::Nothing
    })
}

/// What the account's log tells of a member's token: nothing of other accounts.
fn ended_token(member: &MemberRow, token: &TokenRow, left: &Left) -> About {
    let told = |resources: &[Resource]| json!({ "name": token.name, "user_id": member.user_id, "resources": resources });
    let mut details = json!({
        "before": told(&[Resource::Account(member.account_id)]),
        "member_id": member.id,
    });
    let action = match left {
        Left::Nothing => Action::Delete,
        Left::Policies(_) => {
            details["after"] = told(&[]);
            Action::Update
        }
    };
    About {
        action,
        resource_kind: ResourceKind::Token,
        resource_id: token.id.to_string(),
        details,
    }
}

#[cfg(test)]
mod tests {
    use coffer_types::UserId;

    use super::*;

    #[test]
    fn a_token_without_an_account_keeps_only_what_it_may_elsewhere() {
        let (here, there) = (
            AccountId::from_bytes([1; 16]),
            AccountId::from_bytes([2; 16]),
        );
        let policy = |effect, resources: &[Resource]| Policy {
            effect,
            permission_groups: Vec::new(),
            resources: resources.to_vec(),
        };
        let (allow, deny) = (Effect::Allow, Effect::Deny);
        let user = Resource::User(UserId::from_bytes([3; 16]));
        let (here_it, there_it) = (Resource::Account(here), Resource::Account(there));
        let everywhere = Resource::EveryAccount;
        let kept = |policies: &[Policy]| Some(Left::Policies(policies.to_vec()));
        for (policies, expected) in [
            (vec![policy(allow, &[here_it])], Some(Left::Nothing)),
            (
                vec![policy(allow, &[here_it]), policy(deny, &[there_it])],
                Some(Left::Nothing),
            ),
            (
                vec![policy(allow, &[here_it]), policy(allow, &[user])],
                Some(Left::Nothing),
            ),
            (
                vec![
                    policy(allow, &[here_it, there_it]),
                    policy(deny, &[here_it]),
                ],
                kept(&[policy(allow, &[there_it]), policy(deny, &[here_it])]),
            ),
            (
                vec![
                    policy(allow, &[everywhere]),
                    policy(allow, &[here_it]),
                    policy(allow, &[user]),
                ],
                kept(&[policy(allow, &[everywhere]), policy(allow, &[user])]),
            ),
            (vec![policy(allow, &[everywhere])], None),
            (vec![policy(deny, &[here_it])], None),
            (vec![], None),
        ] {
            assert_eq!(without(&policies, here), expected, "{policies:?}");
        }
    }
}
