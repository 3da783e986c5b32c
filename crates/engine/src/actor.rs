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

    /// What the actor may do in an account; `None` if the actor may not know of it.
    pub fn permissions_in(&self, account_id: AccountId) -> Option<Permissions> {
        let of_user = || {
            let member = self
                .memberships
                .iter()
                .find(|member| member.account_id == account_id)?;
            Some(member.permissions())
        };
        let Some(token) = &self.token else {
            return of_user();
        };
        let granted = Policy::permissions(&token.policies, account_id);
        let permitted = match token.owner {
            TokenOwner::Account(owner) if owner == account_id => granted,
            TokenOwner::Account(_) => return None,
            TokenOwner::User(_) => granted.intersection(of_user()?),
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
