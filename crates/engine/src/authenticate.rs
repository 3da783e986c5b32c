//! Recognising who asks.

use std::net::IpAddr;
use std::sync::Arc;

use coffer_crypto::token::TokenText;
use coffer_store::rows::tokens::{TokenOwner, TokenRow};
use coffer_types::Timestamp;
use coffer_types::audit::ActorContext;

use crate::actor::{Actor, Credentials};
use crate::attempts::{Attempt, AttemptKind};
use crate::engine::Engine;
use crate::error::{Error, Result, Unauthenticated};

impl Engine {
    /// Recognises who presents these credentials, from an address if it is known.
    ///
    /// # Errors
    /// [`Unauthenticated::Invalid`] whatever the reason: unknown, wrong, disabled, expired, not yet valid.
    /// [`Error::TooManyAttempts`] in its place if there were many from the address or with the name.
    /// [`Error::WrongLocation`] for a right token that may not be used from the address.
    pub async fn authenticate(
        &self,
        credentials: &Credentials,
        address: Option<IpAddr>,
    ) -> Result<Actor> {
        let found = match credentials {
            Credentials::Token(text) => self.authenticate_token(text, address).await,
            Credentials::GlobalKey(email, key) => self.authenticate_global_key(email, key).await,
            Credentials::Session(text) => self.authenticate_session(text).await,
        };
        match (found, attempt(credentials, address)) {
            // A right one is never refused for what others tried: guessing 256 bits is hopeless anyway.
            (Err(Error::Unauthenticated(Unauthenticated::Invalid)), Some(attempt)) => {
                Err(self.attempts.failed(&attempt))
            }
            (found, _) => found,
        }
    }

    async fn authenticate_token(&self, text: &TokenText, address: Option<IpAddr>) -> Result<Actor> {
        let now = self.clock.now();
        let candidates = self.store.tokens(text.lookup_prefix()).await?;
        let token = candidates
            .iter()
            .find(|token| self.pepper.verify(text, &token.mac))
            .filter(|token| is_usable(token, now))
            .ok_or(Unauthenticated::Invalid)?;
        if !token.condition.allows(address) {
            return Err(Error::WrongLocation(address));
        }
        let token = Arc::clone(token);
        self.token_uses.note(token.id, now);
        let (user, memberships) = match token.owner {
            TokenOwner::Account(_) => (None, Arc::default()),
            TokenOwner::User(id) => {
                let user = self.store.user(id).await?.ok_or(Unauthenticated::Invalid)?;
                (Some(user), self.store.memberships(id).await?)
            }
        };
        Ok(Actor {
            user,
            memberships,
            token: Some(token),
            session: None,
            context: ActorContext::ApiToken,
        })
    }
}

/// As what wrong credentials are counted. A session that ended is no attempt of anyone: browsers go on sending its
/// cookie, and have to be told to sign in again.
fn attempt(credentials: &Credentials, address: Option<IpAddr>) -> Option<Attempt<'_>> {
    let (kind, name) = match credentials {
        Credentials::Token(text) => (AttemptKind::Token, text.lookup_prefix()),
        Credentials::GlobalKey(email, _) => (AttemptKind::Key, email.as_str()),
        Credentials::Session(_) => return None,
    };
    Some(Attempt {
        kind,
        address,
        name: Some(name),
    })
}

/// Whether a token counts at a moment: from its first, included, to its last, excluded.
fn is_usable(token: &TokenRow, now: Timestamp) -> bool {
    token.enabled
        && token.not_before.is_none_or(|from| from <= now)
        && token.expires_at.is_none_or(|until| now < until)
}
