//! Changing what a token may do.

use std::sync::Arc;

use coffer_protocol::tokens::Token;
use coffer_store::rows::tokens::{self, TokenRow};
use coffer_store::{Tx, Written};
use coffer_types::TokenId;
use coffer_types::audit::{Action, ResourceKind};
use serde_json::json;

use super::find::existing;
use super::permit::TokensPermit;
use super::settings::TokenSettings;
use super::view::described;
use crate::authorize::ManageTokens;
use crate::engine::Engine;
use crate::error::Result;
use crate::mutate::About;

impl Engine {
    /// Replaces all that the owner of a token chooses. It counts from the next request on.
    ///
    /// # Errors
    /// [`crate::Missing::Token`]; [`crate::Error::Invalid`] for what the token cannot be.
    pub async fn update_token(
        &self,
        permit: &TokensPermit<ManageTokens>,
        id: TokenId,
        settings: TokenSettings,
    ) -> Result<Token> {
        if let Some(updated) = self.repeated(&permit.caller).await? {
            return Ok(updated);
        }
        self.known_token(permit, id).await?;
        permit.check(&settings, self.clock.now())?;
        let (engine, writer_permit, settings) = (self.clone(), permit.clone(), Arc::new(settings));
        self.mutate(&permit.caller, move |tx| {
            let (engine, permit) = (engine.clone(), writer_permit.clone());
            let settings = Arc::clone(&settings);
            Box::pin(async move { engine.apply_settings(tx, &permit, id, &settings).await })
        })
        .await
    }

    async fn apply_settings(
        &self,
        tx: &mut Tx<'_>,
        permit: &TokensPermit<ManageTokens>,
        id: TokenId,
        settings: &TokenSettings,
    ) -> Result<Written<Token>> {
        let (before, last_used_at) = existing(tx, permit, id).await?;
        let settings = settings.clone();
        let after = TokenRow {
            name: settings.name,
            enabled: settings.enabled.unwrap_or(before.enabled),
            policies: settings.policies,
            condition: settings.condition,
            not_before: settings.not_before,
            expires_at: settings.expires_on,
            modified_at: self.clock.now(),
            ..before.clone()
        };
        tokens::update(tx, &after, &before.prefix).await?;
        let about = About {
            action: Action::Update,
            resource_kind: ResourceKind::Token,
            resource_id: id.to_string(),
            details: json!({ "before": described(&before), "after": described(&after) }),
        };
        let event = self.event(&permit.caller, permit.account_id(), about);
        Ok(Written::new(self.token_view((after, last_used_at)), event))
    }
}
