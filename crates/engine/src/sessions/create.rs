//! Signing in.

use std::sync::Arc;

use coffer_crypto::{SecretValue, TokenKind, TokenText};
use coffer_protocol::sessions::{NewSession, SessionUser};
use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::sessions::{self, SessionRow};
use coffer_store::rows::users::{self, UserRow};
use coffer_store::{Tx, Written};
use coffer_types::audit::{Action, ActorContext, ResourceKind};
use coffer_types::limits::{MAX_SESSIONS_PER_USER, MAX_SESSIONS_SWEPT};
use coffer_types::{Email, SessionId, Timestamp, UserId};
use serde_json::json;

use super::{IDLE_MICROS, LIFE_MICROS};
use crate::actor::{Actor, Caller, RequestMeta};
use crate::attempts::{Attempt, AttemptKind};
use crate::engine::Engine;
use crate::error::{Error, Result, Unauthenticated};
use crate::mutate::About;
use crate::passkeys::PasskeyRefusal;
use crate::second_factor::{Proof, SignInStep};

/// A user who signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The session.
    pub session: NewSession,
    /// Its text, for the cookie. It is told once and kept nowhere.
    pub text: TokenText,
}

impl Engine {
    /// Signs a user in, with a code for those who have a second factor.
    ///
    /// # Errors
    /// [`Unauthenticated::Invalid`]; [`Unauthenticated::SecondFactor`] if the password is right, and the code is
    /// missing or wrong; [`Error::TooManyAttempts`].
    pub async fn sign_in(
        &self,
        request: RequestMeta,
        email: &Email,
        password: SecretValue,
        code: Option<SecretValue>,
    ) -> Result<SignedIn> {
        match self.begin_sign_in(request.clone(), email, password).await? {
            SignInStep::SignedIn(signed_in) => Ok(signed_in),
            SignInStep::SecondFactor(pending) => {
                let code = code.ok_or(Unauthenticated::SecondFactor)?;
                self.finish_sign_in(request, &pending, code).await
            }
        }
    }

    /// Signs a user in, as far as the password leads. Wrong passwords and addresses that nobody has are answered
    /// alike, after the same work.
    ///
    /// # Errors
    /// [`Unauthenticated::Invalid`]; [`Error::TooManyAttempts`].
    pub async fn begin_sign_in(
        &self,
        request: RequestMeta,
        email: &Email,
        password: SecretValue,
    ) -> Result<SignInStep> {
        let attempt = Attempt {
            kind: AttemptKind::Login,
            address: request.ip,
            name: Some(email.as_str()),
        };
        self.attempts.check(&attempt)?;
        let (user, password) = (self.store.user_with_email(email).await?, Arc::new(password));
        let is_right = self.passwords.is_of(user.as_deref(), &password).await?;
        let user = match user {
            Some(user) if is_right => user,
            user => {
                let error = self.attempts.failed(&attempt);
                if let Some(user) = user {
                    self.tell_of_refusal(user, request, &error, "wrong password");
                }
                return Err(error);
            }
        };
        if user.has_second_factor {
            // The address becomes familiar with the code only.
            self.attempts.check(&attempt)?;
            return Ok(SignInStep::SecondFactor(self.pending_sign_in(&user)));
        }
        self.attempts.succeeded(&attempt)?;
        let renewed = self.passwords.renewed(&user, &password).await?;
        let signed_in = self.begin_session(user, renewed, None, request).await?;
        Ok(SignInStep::SignedIn(signed_in))
    }

    /// Begins a session of a user whose password was right, and the code too if one is asked for; or the passkey.
    pub(crate) async fn begin_session(
        &self,
        user: Arc<UserRow>,
        renewed_hash: Option<String>,
        proof: Option<Proof>,
        request: RequestMeta,
    ) -> Result<SignedIn> {
        let text = TokenText::generate(TokenKind::Session, self.random.as_ref());
        let session = self.new_session(&user, &text, &request);
        let caller = self.caller_of(Arc::clone(&user), request, session.id);
        let event = self.event(&caller, None, created(&session, proof.as_ref()));
        let answer = NewSession {
            id: session.id,
            created_on: session.created_at,
            expires_on: session.expires_at,
            user: SessionUser {
                id: user.id,
                email: user.email.clone(),
            },
        };
        let begun = Arc::new((user, session, renewed_hash, proof, event));
        let (engine, writer_caller) = (self.clone(), Arc::clone(&caller));
        self.mutate(&caller, move |tx| {
            let (engine, begun) = (engine.clone(), Arc::clone(&begun));
            let caller = Arc::clone(&writer_caller);
            Box::pin(async move {
                let (user, session, renewed_hash, proof, event) = &*begun;
                let renewed_hash = renewed_hash.as_ref();
                engine.use_up(tx, user, proof.as_ref()).await?;
                let further = engine.keep_session(tx, user, session, renewed_hash).await?;
                let further = further.into_iter();
                let further = further.map(|about| engine.event(&caller, None, about));
                let events = further.chain([NewEvent::clone(event)]).collect();
                Written::with_events((), events)
                    .ok_or_else(|| Error::Internal("a session without an event".to_owned()))
            })
        })
        .await?;
        Ok(SignedIn {
            session: answer,
            text,
        })
    }

    /// Uses up the code or the passkey, which may have been used, or have become needed, meanwhile.
    async fn use_up(&self, tx: &mut Tx<'_>, user: &UserRow, proof: Option<&Proof>) -> Result<()> {
        let found = users::find(tx, user.id).await?;
        let is_asked = found.is_some_and(|found| found.has_second_factor);
        let is_right = match proof {
            Some(proof) => proof.use_up(tx, user.id).await?,
            None => !is_asked,
        };
        match proof {
            _ if is_right => Ok(()),
            Some(Proof::Passkey(_)) => {
                Err(Unauthenticated::Passkey(PasskeyRefusal::Changed).into())
            }
            _ => Err(Unauthenticated::SecondFactor.into()),
        }
    }

    /// Makes room for the session and keeps it. Gives what else was changed for it.
    async fn keep_session(
        &self,
        tx: &mut Tx<'_>,
        user: &UserRow,
        session: &SessionRow,
        renewed_hash: Option<&String>,
    ) -> Result<Vec<About>> {
        let mut further = Vec::new();
        let found = users::find(tx, user.id).await?;
        // The password that was right a moment ago may have been changed, which ended every session of it.
        let mut user = found
            .filter(|found| found.password_hash == user.password_hash)
            .ok_or(Unauthenticated::Invalid)?;
        if let Some(hash) = renewed_hash {
            user.password_hash.clone_from(hash);
            users::update_credentials(tx, &user).await?;
            further.push(rehashed(user.id));
        }
        self.sweep(tx, session.created_at).await?;
        further.extend(end_oldest(tx, user.id).await?);
        sessions::insert(tx, session).await?;
        Ok(further)
    }

    /// Removes some sessions that have run out, of whichever user.
    async fn sweep(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<()> {
        sessions::delete_expired(tx, now, MAX_SESSIONS_SWEPT).await?;
        let idle_since = now.plus_micros(-IDLE_MICROS);
        for session in sessions::unused_since(tx, idle_since, MAX_SESSIONS_SWEPT).await? {
            // It may have been used since that was written.
            if self.is_idle(&session, now) {
                sessions::delete(tx, &session).await?;
            }
        }
        Ok(())
    }

    fn new_session(&self, user: &UserRow, text: &TokenText, request: &RequestMeta) -> SessionRow {
        let now = self.clock.now();
        let user_agent = request.raw.as_ref().map(|raw| raw.user_agent.clone());
        SessionRow {
            id: SessionId::random(self.random.as_ref()),
            user_id: user.id,
            prefix: text.lookup_prefix().to_owned(),
            mac: self
                .session_mac
                .sign(text.expose_secret().as_bytes())
                .to_vec(),
            ip: request.ip.map(|ip| ip.to_string()),
            user_agent: user_agent.filter(|agent| !agent.is_empty()),
            created_at: now,
            expires_at: now.plus_micros(LIFE_MICROS),
            last_used_at: now,
        }
    }

    /// The user, as whoever signs in. There are no memberships, because nothing is asked of an account.
    fn caller_of(
        &self,
        user: Arc<UserRow>,
        request: RequestMeta,
        session_id: SessionId,
    ) -> Arc<Caller> {
        let actor = Actor {
            user: Some(user),
            memberships: Arc::default(),
            token: None,
            session: Some(session_id),
            context: ActorContext::Dash,
        };
        // Whoever signs in again gets another session.
        let request = RequestMeta {
            idempotency: None,
            ..request
        };
        Arc::new(Caller { actor, request })
    }

    /// Lets the audit log know of a wrong password or code. Nobody waits for it: an answer that took as long as a write
    /// would tell that there is such a user.
    pub(crate) fn tell_of_refusal(
        &self,
        user: Arc<UserRow>,
        request: RequestMeta,
        error: &Error,
        reason: &'static str,
    ) {
        let status = match error {
            Error::TooManyAttempts { .. } => 429,
            _ => 401,
        };
        let session_id = SessionId::random(self.random.as_ref());
        let caller = self.caller_of(user, request, session_id);
        let about = About {
            action: Action::Create,
            resource_kind: ResourceKind::Session,
            resource_id: session_id.to_string(),
            details: json!({ "reason": reason }),
        };
        let (engine, event) = (self.clone(), self.refusal(&caller, status, about));
        tokio::spawn(async move {
            if let Err(error) = engine.record(event).await {
                tracing::warn!(%error, "a refused sign-in is missing from the audit log");
            }
        });
    }
}

fn created(session: &SessionRow, proof: Option<&Proof>) -> About {
    let mut details = json!({ "after": {
        "ip": session.ip,
        "user_agent": session.user_agent,
        "expires_on": session.expires_at,
    } });
    match proof {
        Some(Proof::Passkey(passkey)) => {
            details["passkey"] = json!({ "id": passkey.id, "name": passkey.name });
        }
        Some(proof) => details["second_factor"] = json!(proof.kind()),
        None => {}
    }
    About {
        action: Action::Create,
        resource_kind: ResourceKind::Session,
        resource_id: session.id.to_string(),
        details,
    }
}

/// The password is the same, but its hash is made with the work that is usual now.
fn rehashed(user_id: UserId) -> About {
    About {
        action: Action::Update,
        resource_kind: ResourceKind::User,
        resource_id: user_id.to_string(),
        details: json!({ "password_rehashed": true }),
    }
}

/// Ends as many of a user's oldest sessions as must go for one more. Gives what was ended.
async fn end_oldest(tx: &mut Tx<'_>, user_id: UserId) -> Result<Vec<About>> {
    let kept = MAX_SESSIONS_PER_USER as usize - 1;
    let mut ended = Vec::new();
    for oldest in sessions::of_user(tx, user_id).await?.iter().skip(kept) {
        sessions::delete(tx, oldest).await?;
        ended.push(About {
            action: Action::Delete,
            resource_kind: ResourceKind::Session,
            resource_id: oldest.id.to_string(),
            details: json!({ "reason": "too many" }),
        });
    }
    Ok(ended)
}
