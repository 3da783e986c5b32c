//! The accounts that a user is in, or invited to.

use std::sync::Arc;

use coffer_crypto::{SecretValue, TokenText};
use coffer_protocol::identity::Membership;
use coffer_protocol::members::RemovedMember;
use coffer_store::rows::accounts::AccountRow;
use coffer_store::rows::members::{self, MemberRow};
use coffer_store::rows::{accounts, invitations};
use coffer_store::{Rows, Tx, Written};
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{MemberId, MembershipStatus};
use serde_json::json;

use super::accounts::view as account_view;
use crate::authorize::{ManageMemberships, UserPermit, ViewMemberships};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Missing, Result};
use crate::members::{areas, described, end_membership, policies};
use crate::mutate::About;

/// What a user answers to an invitation.
#[derive(Debug)]
pub enum InvitationAnswer {
    /// The user joins, with the text of the invitation's link. The address of the user is not proof enough: whoever
    /// was invited by it first, by any account, may not be who reads its mail.
    Accept(Option<SecretValue>),
    /// The user does not.
    Reject,
}

impl Engine {
    /// The memberships of the user who asks, by account id.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn own_memberships(
        &self,
        permit: &UserPermit<ViewMemberships>,
    ) -> Result<Vec<Membership>> {
        let rows = members::of_user(&mut self.store.reader().await?, permit.user_id()).await?;
        let mut memberships = Vec::with_capacity(rows.len());
        for row in rows.iter().filter(|row| is_told(permit, row)) {
            let account = self.store.account(row.account_id).await?;
            memberships.extend(account.map(|account| view(row, &account)));
        }
        Ok(memberships)
    }

    /// One membership of the user who asks.
    ///
    /// # Errors
    /// [`Missing::Membership`].
    pub async fn own_membership(
        &self,
        permit: &UserPermit<ViewMemberships>,
        id: MemberId,
    ) -> Result<Membership> {
        let row = own(&mut self.store.reader().await?, permit, id).await?;
        let account = self.store.account(row.account_id).await?;
        let account = account.ok_or(Missing::Membership)?;
        Ok(view(&row, &account))
    }

    /// Accepts an invitation of the user who asks, or refuses it. To answer as before changes nothing.
    ///
    /// # Errors
    /// [`Missing::Membership`]; [`Missing::LiveInvitation`] if it is too late; [`Conflict::InvitationAnswered`].
    /// For who accepts also [`Conflict::InvitationTextMissing`], [`Missing::Invitation`] for a text that is not this
    /// invitation's, or [`Error::TooManyAttempts`] after many such.
    pub async fn answer_invitation(
        &self,
        permit: &UserPermit<ManageMemberships>,
        id: MemberId,
        answer: InvitationAnswer,
    ) -> Result<Membership> {
        if let Some(answered) = self.repeated(&permit.caller).await? {
            return Ok(answered);
        }
        let row = own(&mut self.store.reader().await?, permit, id).await?;
        if row.status == answer.status() {
            let account = self.store.account(row.account_id).await?;
            return Ok(view(&row, &*account.ok_or(Missing::Membership)?));
        }
        if row.status != MembershipStatus::Pending {
            return Err(Conflict::InvitationAnswered.into());
        }
        let text = self.answered_with(permit, &row, &answer).await?;
        let (status, text) = (answer.status(), Arc::new(text));
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit) = (engine.clone(), permit.clone());
            let text = Arc::clone(&text);
            Box::pin(async move {
                if let Some(text) = text.as_ref() {
                    // Another invitation may have taken this one's place.
                    let found = engine.find_invitation(tx, text).await?;
                    if found.member.id != id {
                        return Err(Missing::Invitation.into());
                    }
                }
                engine.answer(tx, &permit, id, status).await
            })
        })
        .await
    }

    /// The text of the invitation, which whoever accepts has to have; whoever does not needs none.
    async fn answered_with(
        &self,
        permit: &UserPermit<ManageMemberships>,
        row: &MemberRow,
        answer: &InvitationAnswer,
    ) -> Result<Option<TokenText>> {
        let InvitationAnswer::Accept(text) = answer else {
            return Ok(None);
        };
        let text = text.as_ref().ok_or(Conflict::InvitationTextMissing)?;
        let address = permit.caller.request.ip;
        let (found, text) = self.presented_invitation(text, address).await?;
        if found.member.id == row.id {
            Ok(Some(text))
        } else {
            Err(self.counted(Missing::Invitation.into(), address))
        }
    }

    async fn answer(
        &self,
        tx: &mut Tx<'_>,
        permit: &UserPermit<ManageMemberships>,
        id: MemberId,
        status: MembershipStatus,
    ) -> Result<Written<Membership>> {
        let now = self.clock.now();
        let before = own(tx, permit, id).await?;
        if before.status != MembershipStatus::Pending {
            return Err(Conflict::InvitationAnswered.into());
        }
        let invitation = invitations::of_member(tx, id).await?;
        if invitation.is_none_or(|invitation| invitation.expires_at <= now) {
            return Err(Missing::LiveInvitation.into());
        }
        let mut after = before.clone();
        after.status = status;
        members::update(tx, &after, now).await?;
        invitations::delete(tx, id).await?;
        let account = accounts::find(tx, after.account_id).await?;
        let account = account.ok_or(Missing::Account)?;
        let email = &permit.user.email;
        let about = About {
            action: Action::Update,
            resource_kind: ResourceKind::Member,
            resource_id: id.to_string(),
            details: json!({ "before": described(&before, email), "after": described(&after, email) }),
        };
        let event = self.event(&permit.caller, after.account_id, about);
        Ok(Written::new(view(&after, &account), event))
    }

    /// Leaves an account, or refuses its invitation for good. What the user could do there ends at once.
    ///
    /// # Errors
    /// [`Missing::Membership`], or [`Conflict::LastSuperAdministrator`].
    pub async fn leave_account(
        &self,
        permit: &UserPermit<ManageMemberships>,
        id: MemberId,
    ) -> Result<RemovedMember> {
        if let Some(left) = self.repeated(&permit.caller).await? {
            return Ok(left);
        }
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit) = (engine.clone(), permit.clone());
            Box::pin(async move { engine.leave(tx, &permit, id).await })
        })
        .await
    }

    async fn leave(
        &self,
        tx: &mut Tx<'_>,
        permit: &UserPermit<ManageMemberships>,
        id: MemberId,
    ) -> Result<Written<RemovedMember>> {
        let member = own(tx, permit, id).await?;
        let events = end_membership(self, tx, &permit.caller, &member, &permit.user.email).await?;
        Written::with_events(RemovedMember { id }, events)
            .ok_or_else(|| Error::Internal("a removal without an event".to_owned()))
    }
}

impl InvitationAnswer {
    const fn status(&self) -> MembershipStatus {
        match self {
            Self::Accept(_) => MembershipStatus::Accepted,
            Self::Reject => MembershipStatus::Rejected,
        }
    }
}

/// The user's membership with this id.
async fn own<P>(rows: &mut impl Rows, permit: &UserPermit<P>, id: MemberId) -> Result<MemberRow> {
    let found = members::find_any(rows, id).await?;
    found
        .filter(|row| row.user_id == permit.user_id() && is_told(permit, row))
        .ok_or_else(|| Missing::Membership.into())
}

/// A token that may do nothing in an account does not tell of it; of an invitation every token may.
fn is_told<P>(permit: &UserPermit<P>, row: &MemberRow) -> bool {
    let actor = &permit.caller.actor;
    row.status != MembershipStatus::Accepted || actor.permissions_in(row.account_id).is_some()
}

fn view(row: &MemberRow, account: &AccountRow) -> Membership {
    Membership {
        id: row.id,
        status: row.status,
        account: account_view(account),
        api_access_enabled: true,
        roles: row
            .roles
            .iter()
            .map(|role| role.title().to_owned())
            .collect(),
        permissions: areas(row.permissions()),
        policies: policies(row.id, row.account_id, &row.roles),
    }
}
