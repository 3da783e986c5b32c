//! Giving a member other roles.

use std::sync::Arc;

use coffer_protocol::members::Member;
use coffer_store::rows::members;
use coffer_store::{Tx, Written};
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{MemberId, Role};
use serde_json::json;

use super::{described, keep_a_super_administrator, view};
use crate::authorize::{ManageAccount, Permit};
use crate::engine::Engine;
use crate::error::{Missing, Result};
use crate::mutate::About;

impl Engine {
    /// Gives a member these roles in the place of those there are.
    ///
    /// # Errors
    /// [`Missing::Member`], or [`crate::Conflict::LastSuperAdministrator`].
    pub async fn update_member(
        &self,
        permit: &Permit<ManageAccount>,
        id: MemberId,
        roles: Vec<Role>,
    ) -> Result<Member> {
        if let Some(updated) = self.repeated(&permit.caller).await? {
            return Ok(updated);
        }
        let (engine, permit, roles) = (self.clone(), permit.clone(), Arc::new(roles));
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit, roles) = (engine.clone(), permit.clone(), Arc::clone(&roles));
            Box::pin(async move { engine.give_roles(tx, &permit, id, &roles).await })
        })
        .await
    }

    async fn give_roles(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<ManageAccount>,
        id: MemberId,
        roles: &[Role],
    ) -> Result<Written<Member>> {
        let found = members::find(tx, permit.account_id(), id).await?;
        let before = found.ok_or(Missing::Member)?;
        keep_a_super_administrator(tx, &before.member, roles).await?;
        let mut after = before.clone();
        after.member.roles = roles.to_vec();
        members::update(tx, &after.member, self.clock.now()).await?;
        let about = About {
            action: Action::Update,
            resource_kind: ResourceKind::Member,
            resource_id: id.to_string(),
            details: json!({
                "before": described(&before.member, &before.email),
                "after": described(&after.member, &after.email),
            }),
        };
        let event = self.event(&permit.caller, permit.account_id(), about);
        Ok(Written::new(view::member(&after), event))
    }
}
