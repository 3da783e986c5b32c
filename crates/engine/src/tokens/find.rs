//! Finding a token.

use coffer_protocol::tokens::Token;
use coffer_store::Rows;
use coffer_store::rows::tokens::{self, UsedToken};
use coffer_types::TokenId;

use super::permit::TokensPermit;
use crate::authorize::{ManageTokens, ViewTokens};
use crate::engine::Engine;
use crate::error::{Missing, Result};

impl Engine {
    /// One token of the owner.
    ///
    /// # Errors
    /// [`Missing::Token`].
    pub async fn token(&self, permit: &TokensPermit<ViewTokens>, id: TokenId) -> Result<Token> {
        let mut reader = self.store.reader().await?;
        existing(&mut reader, permit, id)
            .await
            .map(|found| self.token_view(found))
    }

    /// One token of the owner, for whoever may change it.
    ///
    /// # Errors
    /// [`Missing::Token`].
    pub async fn managed_token(
        &self,
        permit: &TokensPermit<ManageTokens>,
        id: TokenId,
    ) -> Result<Token> {
        let mut reader = self.store.reader().await?;
        let found = existing(&mut reader, permit, id).await?;
        Ok(self.token_view(found))
    }

    /// Refuses a token that the owner does not have.
    ///
    /// # Errors
    /// [`Missing::Token`].
    pub async fn known_token<P>(&self, permit: &TokensPermit<P>, id: TokenId) -> Result<()> {
        let mut reader = self.store.reader().await?;
        existing(&mut reader, permit, id).await.map(drop)
    }
}

pub(super) async fn existing<P>(
    rows: &mut impl Rows,
    permit: &TokensPermit<P>,
    id: TokenId,
) -> Result<UsedToken> {
    let found = tokens::find(rows, permit.owner, id).await?;
    found.ok_or_else(|| Missing::Token.into())
}
