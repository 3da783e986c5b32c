//! Listing tokens.

use coffer_protocol::tokens::Token;
use coffer_store::rows::tokens;
use coffer_store::rows::{Direction, Slice};

use super::permit::TokensPermit;
use crate::authorize::ViewTokens;
use crate::engine::Engine;
use crate::error::Result;

/// Which tokens to list, and how. They are in the order in which they were made.
#[derive(Clone, Copy, Debug)]
pub struct TokenList {
    /// Expired ones too.
    pub include_expired: bool,
    /// In which direction.
    pub direction: Direction,
    /// Which part of the list.
    pub slice: Slice,
}

/// Part of the list of tokens.
#[derive(Clone, Debug)]
pub struct TokenPage {
    /// The tokens.
    pub tokens: Vec<Token>,
    /// The public beginnings of their texts, in the same order.
    pub prefixes: Vec<String>,
    /// How many there are in all.
    pub total: u32,
}

impl Engine {
    /// Part of the owner's tokens.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn list_tokens(
        &self,
        permit: &TokensPermit<ViewTokens>,
        list: TokenList,
    ) -> Result<TokenPage> {
        let not_expired_at = (!list.include_expired).then(|| self.clock.now());
        let mut reader = self.store.reader().await?;
        let (found, total) = tokens::list(
            &mut reader,
            permit.owner,
            not_expired_at,
            list.direction,
            list.slice,
        )
        .await?;
        let prefixes = found.iter().map(|(row, _)| row.prefix.clone()).collect();
        let tokens = found.into_iter().map(|one| self.token_view(one)).collect();
        Ok(TokenPage {
            tokens,
            prefixes,
            total,
        })
    }
}
