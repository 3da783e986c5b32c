//! Making a token.

use std::sync::Arc;

use coffer_crypto::token::{TokenKind, TokenText};
use coffer_protocol::tokens::Token;
use coffer_store::rows::tokens::{self, TokenOwner, TokenRow};
use coffer_store::{Tx, Written};
use coffer_types::TokenId;
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::limits::{MAX_TOKENS_PER_ACCOUNT, MAX_TOKENS_PER_USER};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::permit::TokensPermit;
use super::settings::TokenSettings;
use super::view::described;
use crate::actor::Caller;
use crate::authorize::ManageTokens;
use crate::engine::Engine;
use crate::error::{Conflict, Limit, Result};
use crate::mutate::About;

/// A token that was made. Its text is told once and kept nowhere.
#[derive(Debug)]
pub struct CreatedToken {
    /// The token.
    pub token: Token,
    /// Its text.
    pub text: TokenText,
}

/// What is kept of an answer that shows a token's text, for a repeated request: whose text it was, and the public
/// part of it by which the text of this request is told from that of an earlier one.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Shown {
    pub(super) id: TokenId,
    pub(super) prefix: String,
}

impl Engine {
    /// Makes a token. A repeated request is a conflict: the text is kept nowhere, so it cannot be shown again.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] for what the token cannot be; [`Conflict::ShownOnce`];
    /// [`Limit::TokensOfUser`]; [`Limit::TokensOfAccount`].
    pub async fn create_token(
        &self,
        permit: &TokensPermit<ManageTokens>,
        settings: TokenSettings,
    ) -> Result<CreatedToken> {
        self.create_token_by(permit, settings, None).await
    }

    /// Makes a token by a way of its own, which the audit log tells.
    pub(crate) async fn create_token_by(
        &self,
        permit: &TokensPermit<ManageTokens>,
        settings: TokenSettings,
        way: Option<serde_json::Value>,
    ) -> Result<CreatedToken> {
        self.refuse_repeated(&permit.caller).await?;
        let now = self.clock.now();
        permit.check(&settings, now)?;
        let text = self.new_token_text();
        let row = TokenRow {
            id: TokenId::random(self.random.as_ref()),
            owner: permit.owner,
            name: settings.name,
            prefix: text.lookup_prefix().to_owned(),
            mac: self.pepper.mac(&text).to_vec(),
            enabled: settings.enabled.unwrap_or(true),
            policies: settings.policies,
            condition: settings.condition,
            not_before: settings.not_before,
            expires_at: settings.expires_on,
            created_at: now,
            issued_at: now,
            modified_at: now,
        };
        let mut details = json!({ "after": described(&row) });
        if let Some(way) = way {
            details["login"] = way;
        }
        let about = About {
            action: Action::Create,
            resource_kind: ResourceKind::Token,
            resource_id: row.id.to_string(),
            details,
        };
        let event = self.event(&permit.caller, permit.account_id(), about);
        let inserted = Arc::new(row.clone());
        let shown = self
            .mutate(&permit.caller, move |tx| {
                let (row, event) = (Arc::clone(&inserted), event.clone());
                Box::pin(async move {
                    check_room(tx, row.owner).await?;
                    tokens::insert(tx, &row).await?;
                    let shown = Shown {
                        id: row.id,
                        prefix: row.prefix.clone(),
                    };
                    Ok(Written::new(shown, event))
                })
            })
            .await?;
        shown.is_of(&text)?;
        let token = self.token_view((row, None));
        Ok(CreatedToken { token, text })
    }

    pub(super) fn new_token_text(&self) -> TokenText {
        TokenText::generate(TokenKind::ApiToken, self.random.as_ref())
    }

    /// Refuses a request whose `Idempotency-Key` came with it before.
    pub(super) async fn refuse_repeated(&self, caller: &Caller) -> Result<()> {
        match self.repeated::<Shown>(caller).await? {
            None => Ok(()),
            Some(shown) => Err(Conflict::ShownOnce(shown.id).into()),
        }
    }
}

/// Refuses one more token of an owner who has as many as there may be.
async fn check_room(tx: &mut Tx<'_>, owner: TokenOwner) -> Result<()> {
    let (most, exceeded) = match owner {
        TokenOwner::User(_) => (
            MAX_TOKENS_PER_USER,
            Limit::TokensOfUser(MAX_TOKENS_PER_USER),
        ),
        TokenOwner::Account(_) => (
            MAX_TOKENS_PER_ACCOUNT,
            Limit::TokensOfAccount(MAX_TOKENS_PER_ACCOUNT),
        ),
    };
    if tokens::count(tx, owner).await? < most {
        Ok(())
    } else {
        Err(exceeded.into())
    }
}

impl Shown {
    /// Refuses to show a text that is not the one that was kept: the same request was faster.
    pub(super) fn is_of(&self, text: &TokenText) -> Result<()> {
        if self.prefix == text.lookup_prefix() {
            Ok(())
        } else {
            Err(Conflict::ShownOnce(self.id).into())
        }
    }
}
