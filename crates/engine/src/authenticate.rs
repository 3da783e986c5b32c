//! Recognising who asks.

use std::sync::Arc;

use coffer_crypto::token::TokenText;
use coffer_store::rows::tokens::{TokenOwner, TokenRow};
use coffer_store::rows::users;
use coffer_types::Email;
use coffer_types::audit::ActorContext;

use crate::actor::{Actor, Credentials};
use crate::engine::Engine;
use crate::error::{Error, Result, Unauthenticated};

impl Engine {
    /// Recognises who presents these credentials.
    ///
    /// # Errors
    /// [`Unauthenticated::Invalid`] whatever the reason: unknown, wrong, disabled, expired, not yet valid.
    pub async fn authenticate(&self, credentials: &Credentials) -> Result<Actor> {
        match credentials {
            Credentials::Token(text) => self.authenticate_token(text).await,
            Credentials::GlobalKey(email, key) => self.authenticate_global_key(email, key).await,
        }
    }

    async fn authenticate_token(&self, text: &TokenText) -> Result<Actor> {
        let candidates = self.store.tokens(text.lookup_prefix()).await?;
        let token = candidates
            .iter()
            .find(|token| self.pepper.verify(text, &token.mac))
            .filter(|token| self.is_usable(token))
            .ok_or(Unauthenticated::Invalid)?;
        let token = Arc::clone(token);
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
            context: ActorContext::ApiToken,
        })
    }

    fn is_usable(&self, token: &TokenRow) -> bool {
        let now = self.clock.now();
        token.enabled
            && token.not_before.is_none_or(|from| from <= now)
            && token.expires_at.is_none_or(|until| now < until)
    }

    async fn authenticate_global_key(&self, email: &Email, key: &TokenText) -> Result<Actor> {
        let found = users::with_email(&mut self.store.reader().await?, email).await?;
        // An unknown address costs the same check against a MAC that nothing has.
        let (user, mac) = match found {
            Some(user) => {
                let mac = user.global_key_mac.clone();
                (Some(user), mac)
            }
            None => (None, vec![0; 32]),
        };
        match (self.pepper.verify(key, &mac), user) {
            (true, Some(user)) => {
                let memberships = self.store.memberships(user.id).await?;
                Ok(Actor {
                    user: Some(Arc::new(user)),
                    memberships,
                    token: None,
                    context: ActorContext::ApiKey,
                })
            }
            _ => Err(Error::Unauthenticated(Unauthenticated::Invalid)),
        }
    }
}
