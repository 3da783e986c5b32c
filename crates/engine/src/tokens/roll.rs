//! Giving a token a new text.

use coffer_crypto::token::TokenText;
use coffer_store::rows::tokens::{self, TokenRow};
use coffer_store::{Tx, Written};
use coffer_types::TokenId;
use coffer_types::audit::{Action, ResourceKind};
use serde_json::json;

use super::create::Shown;
use super::find::existing;
use super::permit::TokensPermit;
use crate::authorize::ManageTokens;
use crate::engine::Engine;
use crate::error::Result;
use crate::mutate::About;

impl Engine {
    /// Gives a token a new text; the old one is refused from now on. A repeated request is a conflict, as for
    /// [`create_token`](Self::create_token).
    ///
    /// # Errors
    /// [`crate::Missing::Token`]; [`crate::Conflict::ShownOnce`].
    pub async fn roll_token(
        &self,
        permit: &TokensPermit<ManageTokens>,
        id: TokenId,
    ) -> Result<TokenText> {
        self.refuse_repeated(&permit.caller).await?;
        let text = self.new_token_text();
        let (prefix, mac) = (
            text.lookup_prefix().to_owned(),
            self.pepper.mac(&text).to_vec(),
        );
        let (engine, writer_permit) = (self.clone(), permit.clone());
        let shown = self
            .mutate(&permit.caller, move |tx| {
                let (engine, permit) = (engine.clone(), writer_permit.clone());
                let (prefix, mac) = (prefix.clone(), mac.clone());
                Box::pin(async move { engine.replace_text(tx, &permit, id, prefix, mac).await })
            })
            .await?;
        shown.is_of(&text)?;
        Ok(text)
    }

    async fn replace_text(
        &self,
        tx: &mut Tx<'_>,
        permit: &TokensPermit<ManageTokens>,
        id: TokenId,
        prefix: String,
        mac: Vec<u8>,
    ) -> Result<Written<Shown>> {
        let (before, _) = existing(tx, permit, id).await?;
        let now = self.clock.now();
        let after = TokenRow {
            prefix,
            mac,
            issued_at: now,
            modified_at: now,
            ..before.clone()
        };
        tokens::update(tx, &after, &before.prefix).await?;
        let about = About {
            action: Action::Update,
            resource_kind: ResourceKind::Token,
            resource_id: id.to_string(),
            details: json!({
                "before": { "name": before.name, "issued_on": before.issued_at },
                "after": { "name": after.name, "issued_on": after.issued_at },
                "value_modified": true,
            }),
        };
        let event = self.event(&permit.caller, permit.account_id(), about);
        let shown = Shown {
            id,
            prefix: after.prefix,
        };
        Ok(Written::new(shown, event))
    }
}
