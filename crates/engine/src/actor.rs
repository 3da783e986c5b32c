//! Who asks, and in which request.

use std::net::IpAddr;
use std::sync::Arc;

use coffer_crypto::TokenText;
use coffer_store::rows::audit::{EventActor, EventRequest, EventToken};
use coffer_store::rows::members::MemberRow;
use coffer_store::rows::tokens::{TokenOwner, TokenRow};
use coffer_store::rows::users::UserRow;
use coffer_types::audit::{ActorContext, ActorKind};
use coffer_types::{AccountId, Email, Permissions, Policy, RequestId, SessionId};

pub use coffer_store::rows::audit::RawRequest;

/// What a request presents to be recognised.
#[derive(Debug)]
pub enum Credentials {
    /// An API token.
    Token(TokenText),
    /// An e-mail address with its global API key.
    GlobalKey(Email, TokenText),
    /// The text of a session, as its cookie holds it.
    Session(TokenText),
}

/// Facts about a request that its audit events carry.
#[derive(Clone, Debug)]
pub struct RequestMeta {
    /// The request.
    pub id: RequestId,
    /// Where it came from.
    pub ip: Option<IpAddr>,
    /// Which client sent it, such as `wrangler`; it becomes the `source` of versions and deployments.
    pub source: &'static str,
    /// How it came, if it may change something.
    pub raw: Option<Arc<RawRequest>>,
    /// Makes a repeated write answer as the first did.
    pub idempotency: Option<IdempotencyKey>,
}

/// An `Idempotency-Key` with a keyed digest of the request it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    pub(crate) key: String,
    pub(crate) request: String,
}

/// Someone recognised.
#[derive(Clone, Debug)]
pub struct Actor {
    pub(crate) user: Option<Arc<UserRow>>,
    pub(crate) memberships: Arc<Vec<MemberRow>>,
    pub(crate) token: Option<Arc<TokenRow>>,
    pub(crate) session: Option<SessionId>,
    pub(crate) context: ActorContext,
}

/// Someone recognised, in a request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// In which request.
    pub request: RequestMeta,
}

impl Actor {
    /// The user, unless an account's own token acts.
    pub fn user(&self) -> Option<&UserRow> {
        self.user.as_deref()
    }

    /// The token, unless the user acts with password or global key.
    pub fn token(&self) -> Option<&TokenRow> {
        self.token.as_deref()
    }

    /// The session that acts, if one does.
    pub fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// What the actor may do in an account; `None` if the actor may not know of it.
    pub fn permissions_in(&self, account_id: AccountId) -> Option<Permissions> {
        let membership = || {
            self.memberships
                .iter()
                .find(|member| member.account_id == account_id)
        };
        let Some(token) = &self.token else {
            return Some(membership()?.permissions());
        };
        let permitted = match token.owner {
            TokenOwner::Account(owner) if owner == account_id => {
                Policy::permissions(&token.policies, account_id)
            }
            TokenOwner::Account(_) => return None,
            TokenOwner::User(_) => {
                let member = membership()?;
                // A token for every account knows only those that its owner was in, or invited to, by then: one
                // that a membership left behind does not come back with the next.
                let granted = if token.issued_at >= member.created_at {
                    Policy::permissions(&token.policies, account_id)
                } else {
                    Policy::named_permissions(&token.policies, account_id)
                };
                granted.intersection(member.permissions())
            }
        };
        (!permitted.is_empty()).then_some(permitted)
    }

    /// What the actor may do about its own user; nothing for an account's own token.
    pub fn permissions_about_user(&self) -> Permissions {
        match (&self.user, &self.token) {
            (Some(user), Some(token)) => Policy::user_permissions(&token.policies, user.id),
            (Some(_), None) => Permissions::OF_USER,
            (None, _) => Permissions::NONE,
        }
    }

    /// The accounts the actor may know of, in the order of their ids.
    pub(crate) fn accounts(&self) -> Vec<AccountId> {
        match self.token.as_deref().map(|token| token.owner) {
            Some(TokenOwner::Account(account_id)) => vec![account_id],
            Some(TokenOwner::User(_)) | None => self
                .memberships
                .iter()
                .map(|member| member.account_id)
                .filter(|account_id| self.permissions_in(*account_id).is_some())
                .collect(),
        }
    }

    /// The id by which the audit log names the actor.
    pub(crate) fn id(&self) -> String {
        match (&self.user, &self.token) {
            (Some(user), _) => user.id.to_string(),
            (None, Some(token)) => token.id.to_string(),
            (None, None) => "system".to_owned(),
        }
    }

    /// The actor's address, if it has one.
    pub(crate) fn email(&self) -> Option<Email> {
        self.user.as_ref().map(|user| user.email.clone())
    }
}

impl Caller {
    /// The same caller in a request whose repetition is answered as the first time.
    pub(crate) fn repeatable(&self, key: IdempotencyKey) -> Arc<Self> {
        let mut caller = self.clone();
        caller.request.idempotency = Some(key);
        Arc::new(caller)
    }

    pub(crate) fn event_actor(&self) -> EventActor {
        EventActor {
            id: self.actor.id(),
            email: self.actor.email(),
            context: self.actor.context,
            ip: self.request.ip.map(|ip| ip.to_string()),
            kind: match (&self.actor.user, &self.actor.token) {
                (Some(_), _) => ActorKind::User,
                (None, Some(_)) => ActorKind::Account,
                (None, None) => ActorKind::System,
            },
            token: self.actor.token.as_ref().map(|token| EventToken {
                id: token.id,
                name: token.name.as_str().to_owned(),
            }),
        }
    }

    pub(crate) fn event_request(&self) -> EventRequest {
        EventRequest {
            id: self.request.id,
            raw: self.request.raw.as_deref().cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use coffer_types::{
        Effect, IpCondition, MemberId, MembershipStatus, PermissionGroup, Resource, Role,
        Timestamp, TokenId, UserId,
    };
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};

    use super::*;

    const HERE: AccountId = AccountId::from_bytes([1; 16]);
    const ELSEWHERE: AccountId = AccountId::from_bytes([2; 16]);
    const USER: UserId = UserId::from_bytes([3; 16]);

    fn member(account_id: AccountId, roles: Vec<Role>) -> MemberRow {
        MemberRow {
            id: MemberId::from_bytes([4; 16]),
            account_id,
            user_id: USER,
            roles,
            status: MembershipStatus::Accepted,
            created_at: Timestamp::from_micros(0),
        }
    }

    fn token(owner: TokenOwner, policies: Vec<Policy>) -> TokenRow {
        let at = Timestamp::from_micros(0);
        TokenRow {
            id: TokenId::from_bytes([5; 16]),
            owner,
            name: "token".parse().unwrap(),
            prefix: String::new(),
            mac: Vec::new(),
            enabled: true,
            policies,
            condition: IpCondition::default(),
            not_before: None,
            expires_at: None,
            created_at: at,
            issued_at: at,
            modified_at: at,
        }
    }

    /// What someone may do here, with these roles here and elsewhere, and a token if there is one.
    fn may(roles: &[Vec<Role>; 2], token: Option<TokenRow>) -> Permissions {
        let [here, elsewhere] = roles.clone();
        let actor = Actor {
            user: None,
            memberships: Arc::new(vec![member(HERE, here), member(ELSEWHERE, elsewhere)]),
            token: token.map(Arc::new),
            session: None,
            context: ActorContext::ApiToken,
        };
        actor.permissions_in(HERE).unwrap_or(Permissions::NONE)
    }

    fn roles() -> impl Strategy<Value = [Vec<Role>; 2]> {
        let some = || subsequence(Role::ALL.to_vec(), 0..=3);
        [some(), some()]
    }

    fn policies() -> impl Strategy<Value = Vec<Policy>> {
        let resources = [
            Resource::EveryAccount,
            Resource::Account(HERE),
            Resource::Account(ELSEWHERE),
            Resource::User(USER),
        ];
        let policy = (
            select(vec![Effect::Allow, Effect::Allow, Effect::Deny]),
            subsequence(
                PermissionGroup::ALL
                    .map(|group| group.id.to_owned())
                    .to_vec(),
                1..6,
            ),
            subsequence(resources.to_vec(), 1..3),
        );
        vec(
            policy.prop_map(|(effect, permission_groups, resources)| Policy {
                effect,
                permission_groups,
                resources,
            }),
            0..6,
        )
    }

    proptest! {
        #[test]
        fn a_token_never_does_more_than_its_owner(roles in roles(), policies in policies()) {
            let owner = may(&roles, None);
            let with_token = may(&roles, Some(token(TokenOwner::User(USER), policies.clone())));
            prop_assert!(with_token.difference(owner).is_empty());
            prop_assert_eq!(with_token, owner.intersection(Policy::permissions(&policies, HERE)));
            // An account's own has no owner but the account, and can do nothing in another.
            let own = token(TokenOwner::Account(HERE), policies.clone());
            prop_assert_eq!(may(&roles, Some(own)), Policy::permissions(&policies, HERE));
            let others = token(TokenOwner::Account(ELSEWHERE), policies);
            prop_assert!(may(&roles, Some(others)).is_empty());
        }

        #[test]
        fn a_role_less_never_adds(roles in roles(), policies in policies(), index in 0usize..3) {
            let mut fewer = roles.clone();
            if index < fewer[0].len() {
                fewer[0].remove(index);
            }
            for policies in [None, Some(policies)] {
                let token = || policies.clone().map(|policies| token(TokenOwner::User(USER), policies));
                prop_assert!(may(&fewer, token()).difference(may(&roles, token())).is_empty());
            }
        }

        #[test]
        fn a_denial_more_never_adds_and_always_wins(
            roles in roles(),
            policies in policies(),
            group in 0..PermissionGroup::ALL.len(),
        ) {
            let denied = PermissionGroup::ALL[group];
            let denial = Policy {
                effect: Effect::Deny,
                permission_groups: vec![denied.id.to_owned()],
                resources: vec![Resource::Account(HERE)],
            };
            let before = may(&roles, Some(token(TokenOwner::User(USER), policies.clone())));
            let more = [policies, vec![denial]].concat();
            let after = may(&roles, Some(token(TokenOwner::User(USER), more)));
            prop_assert!(after.difference(before).is_empty());
            prop_assert!(after.intersection(denied.permissions).is_empty());
        }
    }
}
