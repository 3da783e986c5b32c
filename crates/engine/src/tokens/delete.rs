//! Removing a token.

use std::sync::Arc;

use coffer_protocol::tokens::RemovedToken;
use coffer_store::Written;
use coffer_store::rows::tokens::{self, TokenOwner};
use coffer_types::TokenId;
use coffer_types::audit::{Action, ResourceKind};
use serde_json::json;

use super::find::existing;
use super::permit::TokensPermit;
use super::view::described;
use crate::actor::Caller;
use crate::authorize::ManageTokens;
use crate::engine::Engine;
use crate::error::{Error, Missing, Result};
use crate::mutate::About;

impl Engine {
    /// Removes a token, which is refused from now on.
    ///
    /// # Errors
    /// [`crate::Missing::Token`].
    pub async fn delete_token(
        &self,
        permit: &TokensPermit<ManageTokens>,
        id: TokenId,
    ) -> Result<RemovedToken> {
        let (engine, writer_permit) = (self.clone(), permit.clone());
        self.mutate(&permit.caller, move |tx| {
            let (engine, permit) = (engine.clone(), writer_permit.clone());
            Box::pin(async move {
                let (row, _) = existing(tx, &permit, id).await?;
                tokens::delete(tx, &row).await?;
                let about = About {
                    action: Action::Delete,
                    resource_kind: ResourceKind::Token,
                    resource_id: id.to_string(),
                    details: json!({ "before": described(&row) }),
                };
                let event = engine.event(&permit.caller, permit.account_id(), about);
                Ok(Written::new(RemovedToken { id }, event))
            })
        })
        .await
    }

    /// Removes the token that asks. Whoever holds a user's token may end it, whatever else it permits.
    ///
    /// # Errors
    /// [`Error::NoUser`] if no user's token asks; [`Missing::Token`].
    pub async fn delete_asking_token(&self, caller: &Arc<Caller>) -> Result<RemovedToken> {
        let asking = caller.actor.token().map(|token| (token.owner, token.id));
        let Some((owner @ TokenOwner::User(_), id)) = asking else {
            return Err(Error::NoUser);
        };
        let (engine, writer_caller) = (self.clone(), Arc::clone(caller));
        self.mutate(caller, move |tx| {
            let (engine, caller) = (engine.clone(), Arc::clone(&writer_caller));
            Box::pin(async move {
                let found = tokens::find(tx, owner, id).await?;
                let (row, _) = found.ok_or(Missing::Token)?;
                tokens::delete(tx, &row).await?;
                let about = About {
                    action: Action::Delete,
                    resource_kind: ResourceKind::Token,
                    resource_id: id.to_string(),
                    details: json!({ "before": described(&row) }),
                };
                let event = engine.event(&caller, None, about);
                Ok(Written::new(RemovedToken { id }, event))
            })
        })
        .await
    }
}
