//! The state of the token that asks.

use coffer_protocol::identity::TokenState;
use coffer_store::rows::tokens::{TokenOwner, TokenRow};
use coffer_types::AccountId;

use crate::actor::Actor;
use crate::engine::Engine;
use crate::error::{Result, Unauthenticated};

impl Engine {
    /// The state of the token that asks.
    ///
    /// # Errors
    /// [`Unauthenticated::Invalid`] if no token asks, or an account's own.
    pub fn user_token_state(&self, actor: &Actor) -> Result<TokenState> {
        match (actor.token(), actor.user()) {
            (Some(token), Some(_)) => Ok(token_state(token)),
            _ => Err(Unauthenticated::Invalid.into()),
        }
    }

    /// The state of the account's own token that asks.
    ///
    /// # Errors
    /// [`Unauthenticated::Invalid`] if it is no token of that account.
    pub fn account_token_state(&self, actor: &Actor, account_id: AccountId) -> Result<TokenState> {
        match actor.token() {
            Some(token) if token.owner == TokenOwner::Account(account_id) => Ok(token_state(token)),
            _ => Err(Unauthenticated::Invalid.into()),
        }
    }
}

fn token_state(token: &TokenRow) -> TokenState {
    TokenState {
        id: token.id,
        status: "active".to_owned(),
        expires_on: token.expires_at,
        not_before: token.not_before,
    }
}
