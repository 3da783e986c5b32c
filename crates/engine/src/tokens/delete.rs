//! Removing a token.

use coffer_protocol::tokens::RemovedToken;
use coffer_store::Written;
use coffer_store::rows::tokens;
use coffer_types::TokenId;
use coffer_types::audit::{Action, ResourceKind};
use serde_json::json;

use super::find::existing;
use super::permit::TokensPermit;
use super::view::described;
use crate::authorize::ManageTokens;
use crate::engine::Engine;
use crate::error::Result;
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
}
