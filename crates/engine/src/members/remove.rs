//! Removing a member.

use std::sync::Arc;

use coffer_protocol::members::RemovedMember;
use coffer_store::rows::members;
use coffer_store::{Tx, Written};
use coffer_types::MemberId;

use super::end_membership;
use crate::authorize::{ManageAccount, Permit};
use crate::engine::Engine;
use crate::error::{Error, Missing, Result};

impl Engine {
    /// Removes a member, or takes an invitation back. What the user could do in the account ends at once.
    ///
    /// # Errors
    /// [`Missing::Member`], or [`crate::Conflict::LastSuperAdministrator`].
    pub async fn remove_member(
        &self,
        permit: &Permit<ManageAccount>,
        id: MemberId,
    ) -> Result<RemovedMember> {
        if let Some(removed) = self.repeated(&permit.caller).await? {
            return Ok(removed);
        }
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit) = (engine.clone(), permit.clone());
            Box::pin(async move { engine.end_member(tx, &permit, id).await })
        })
        .await
    }

    async fn end_member(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<ManageAccount>,
        id: MemberId,
    ) -> Result<Written<RemovedMember>> {
        let found = members::find(tx, permit.account_id(), id).await?;
        let found = found.ok_or(Missing::Member)?;
        let events = end_membership(self, tx, &permit.caller, &found.member, &found.email).await?;
        Written::with_events(RemovedMember { id }, events)
            .ok_or_else(|| Error::Internal("a removal without an event".to_owned()))
    }
}
