//! Accepting an invitation.

use std::sync::Arc;

use coffer_crypto::SecretValue;
use coffer_crypto::token::TokenText;
use coffer_protocol::members::{AcceptedInvitation, AccountName};
use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::members::MemberRow;
use coffer_store::rows::users::UserRow;
use coffer_store::rows::{accounts, invitations, members, users};
use coffer_store::{Tx, Written};
use coffer_types::audit::{Action, ActorContext, ResourceKind};
use coffer_types::{AccountId, MembershipStatus, limits};
use serde_json::json;

use crate::actor::{Actor, Caller, RequestMeta};
use crate::attempts::{Attempt, AttemptKind};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Missing, Problem, Result, Unauthenticated};
use crate::members::described;
use crate::mutate::About;
use crate::passwords;

/// Where a request has its password.
const PASSWORD: &str = "/password";

/// The user who joins.
struct Joining {
    caller: Caller,
    /// The user as it is to be.
    user: UserRow,
    /// The hash that was there when the password was checked.
    known_hash: String,
}

impl Engine {
    /// Accepts the invitation with this text, once: sets the first password of a user who has none, and asks one
    /// who has for it.
    ///
    /// # Errors
    /// [`Missing::Invitation`], [`Missing::LiveInvitation`]; [`Error::Invalid`] for the password;
    /// [`Error::TooManyAttempts`]; [`Conflict::CredentialsChanged`].
    pub async fn accept_invitation(
        &self,
        request: RequestMeta,
        text: &SecretValue,
        password: SecretValue,
    ) -> Result<AcceptedInvitation> {
        let (found, text) = self.presented_invitation(text, request.ip).await?;
        let known_hash = found.user.password_hash.clone();
        let user = self
            .with_password(&request, found.user, &Arc::new(password))
            .await?;
        let actor = Actor {
            user: Some(Arc::new(user.clone())),
            memberships: Arc::default(),
            token: None,
            session: None,
            context: ActorContext::Dash,
        };
        let joining = Arc::new(Joining {
            caller: Caller { actor, request },
            user,
            known_hash,
        });
        let (engine, text) = (self.clone(), Arc::new(text));
        self.store
            .write(move |tx| {
                let (engine, joining) = (engine.clone(), Arc::clone(&joining));
                let text = Arc::clone(&text);
                Box::pin(async move { engine.join(tx, &joining, &text).await })
            })
            .await
    }

    /// The user with the password that is to be set, or after the one there is was found to be right.
    async fn with_password(
        &self,
        request: &RequestMeta,
        user: UserRow,
        password: &Arc<SecretValue>,
    ) -> Result<UserRow> {
        if user.password_hash.is_empty() {
            passwords::check(password, &user.email, PASSWORD)?;
            let random = self.random.as_ref();
            let first = self.passwords.first(user.id, password, random).await?;
            return Ok(UserRow {
                password_hash: first.password_hash,
                global_key_mac: first.global_key.mac,
                global_key_sealed: Some(first.global_key.sealed),
                global_key_enabled: true,
                modified_at: self.clock.now(),
                ..user
            });
        }
        if password.len() > limits::MAX_PASSWORD_BYTES {
            let problem = Problem::PasswordTooLong(limits::MAX_PASSWORD_CHARS);
            return Err(Error::invalid(PASSWORD, problem));
        }
        let attempt = Attempt {
            kind: AttemptKind::Login,
            address: request.ip,
            name: Some(user.email.as_str()),
        };
        self.attempts.check(&attempt)?;
        if self.passwords.is_of(Some(&user), password).await? {
            self.attempts.succeeded(&attempt)?;
            return Ok(user);
        }
        Err(match self.attempts.failed(&attempt) {
            Error::Unauthenticated(Unauthenticated::Invalid) => {
                Error::invalid(PASSWORD, Problem::PasswordWrong)
            }
            limited => limited,
        })
    }

    async fn join(
        &self,
        tx: &mut Tx<'_>,
        joining: &Joining,
        text: &TokenText,
    ) -> Result<Written<AcceptedInvitation>> {
        // Another request with the same link may have been faster.
        let found = self.find_invitation(tx, text).await?;
        if found.user.password_hash != joining.known_hash {
            return Err(Conflict::CredentialsChanged.into());
        }
        let (before, user) = (found.member, &joining.user);
        let account = accounts::find(tx, before.account_id).await?;
        let account = account.ok_or(Missing::Invitation)?;
        let mut after = before.clone();
        after.status = MembershipStatus::Accepted;
        members::update(tx, &after, self.clock.now()).await?;
        invitations::delete(tx, after.id).await?;
        let mut events = vec![self.joined_event(joining, &before, &after)];
        if user.password_hash != joining.known_hash {
            users::update_credentials(tx, user).await?;
            events.push(self.password_event(joining));
        }
        let accepted = AcceptedInvitation {
            id: after.id,
            status: after.status,
            email: user.email.clone(),
            account: AccountName {
                id: account.id,
                name: account.name,
            },
        };
        Written::with_events(accepted, events)
            .ok_or_else(|| Error::Internal("an acceptance without an event".to_owned()))
    }

    fn joined_event(&self, joining: &Joining, before: &MemberRow, after: &MemberRow) -> NewEvent {
        let email = &joining.user.email;
        let about = About {
            action: Action::Update,
            resource_kind: ResourceKind::Member,
            resource_id: after.id.to_string(),
            details: json!({ "before": described(before, email), "after": described(after, email) }),
        };
        self.event(&joining.caller, after.account_id, about)
    }

    fn password_event(&self, joining: &Joining) -> NewEvent {
        let about = About {
            action: Action::Update,
            resource_kind: ResourceKind::User,
            resource_id: joining.user.id.to_string(),
            details: json!({ "before": { "has_password": false }, "after": { "has_password": true } }),
        };
        self.event(&joining.caller, None::<AccountId>, about)
    }
}
