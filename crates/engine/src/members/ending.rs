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

/// Ends a membership, with the user's tokens that are for its account alone and, if it is the user's last, with
/// the user's sessions. Gives the events of all that.
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
    let removed = tokens_for_only(tx, member).await?;
    for token in &removed {
        tokens::delete(tx, token).await?;
    }
    let others = members::of_user(tx, member.user_id).await?;
    let still_somewhere = others
        .iter()
        .any(|other| other.status == MembershipStatus::Accepted);
    let sessions_ended = if still_somewhere {
        0
    } else {
        sessions::delete_of_user(tx, member.user_id, None).await?
    };
    let details = json!({
        "before": described(member, email),
        "tokens_deleted": removed.len(),
        "sessions_ended": sessions_ended,
    });
    let about = About {
        action: Action::Delete,
        resource_kind: ResourceKind::Member,
        resource_id: member.id.to_string(),
        details,
    };
    let mut events = vec![engine.event(caller, member.account_id, about)];
    for token in &removed {
        let about = About {
            action: Action::Delete,
            resource_kind: ResourceKind::Token,
            resource_id: token.id.to_string(),
            details: json!({
                "before": { "name": token.name, "user_id": member.user_id },
                "member_id": member.id,
            }),
        };
        events.push(engine.event(caller, member.account_id, about));
    }
    Ok(events)
}

/// The user's tokens that allow nothing but what is in the member's account.
async fn tokens_for_only(tx: &mut Tx<'_>, member: &MemberRow) -> Result<Vec<TokenRow>> {
    let owner = TokenOwner::User(member.user_id);
    let (all, _) = tokens::list(tx, owner, None, Direction::Ascending, Slice::ALL).await?;
    let only_there = all.into_iter().map(|(token, _)| token);
    Ok(only_there
        .filter(|token| is_for_only(&token.policies, member.account_id))
        .collect())
}

fn is_for_only(policies: &[Policy], account_id: AccountId) -> bool {
    let allowed = policies.iter().filter(|one| one.effect == Effect::Allow);
    let mut resources = allowed.flat_map(|policy| &policy.resources).peekable();
    resources.peek().is_some() && resources.all(|one| *one == Resource::Account(account_id))
}

#[cfg(test)]
mod tests {
    use coffer_types::UserId;

    use super::*;

    #[test]
    fn a_token_is_for_an_account_only_if_it_allows_nothing_else() {
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
        for (policies, expected) in [
            (vec![policy(allow, &[here_it])], true),
            (
                vec![policy(allow, &[here_it]), policy(deny, &[there_it])],
                true,
            ),
            (vec![policy(allow, &[here_it, there_it])], false),
            (
                vec![policy(allow, &[here_it]), policy(allow, &[user])],
                false,
            ),
            (vec![policy(allow, &[Resource::EveryAccount])], false),
            (vec![policy(deny, &[here_it])], false),
            (vec![], false),
        ] {
            assert_eq!(is_for_only(&policies, here), expected, "{policies:?}");
        }
    }
}
