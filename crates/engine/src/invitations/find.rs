//! Looking at an invitation, by whoever holds its link.

use std::net::IpAddr;

use coffer_crypto::SecretValue;
use coffer_crypto::token::TokenText;
use coffer_store::Rows;
use coffer_store::rows::invitations::{self, InvitationRow};
use coffer_store::rows::members::{self, MemberRow};
use coffer_store::rows::users::{self, UserRow};
use coffer_types::{Email, MembershipStatus, Timestamp};

use crate::attempts::{Attempt, AttemptKind};
use crate::engine::Engine;
use crate::error::{Error, Missing, Result, Unauthenticated};

/// An invitation that can be accepted.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The account that it is to.
    pub account_name: String,
    /// The address that is invited.
    pub email: Email,
    /// Who invites; `None` if no user did.
    pub invited_by: Option<Email>,
    /// It is refused from here on.
    pub expires_on: Timestamp,
    /// Whether the invited user has a password, which accepting asks for; if not, accepting sets it.
    pub has_password: bool,
}

/// The rows of an invitation that can be accepted.
pub(crate) struct Found {
    pub(crate) invitation: InvitationRow,
    pub(crate) member: MemberRow,
    pub(crate) user: UserRow,
}

impl Engine {
    /// The invitation with this text, asked for from an address. Looking at it changes nothing.
    ///
    /// # Errors
    /// [`Missing::Invitation`], [`Missing::LiveInvitation`], or [`Error::TooManyAttempts`] after many texts that
    /// were none.
    pub async fn invitation(
        &self,
        text: &SecretValue,
        address: Option<IpAddr>,
    ) -> Result<Invitation> {
        let (found, _) = self.presented_invitation(text, address).await?;
        let account = self.store.account(found.member.account_id).await?;
        Ok(Invitation {
            account_name: account.ok_or(Missing::Invitation)?.name.clone(),
            email: found.user.email,
            invited_by: found.invitation.invited_by,
            expires_on: found.invitation.expires_at,
            has_password: !found.user.password_hash.is_empty(),
        })
    }

    /// The rows of the invitation that someone presents from an address, and its text. A text that is no
    /// invitation's counts as a failed attempt.
    pub(crate) async fn presented_invitation(
        &self,
        text: &SecretValue,
        address: Option<IpAddr>,
    ) -> Result<(Found, TokenText)> {
        let found = match TokenText::parse(text.expose_secret()) {
            Ok(text) => self
                .find_invitation(&mut self.store.reader().await?, &text)
                .await
                .map(|found| (found, text)),
            Err(_) => Err(Missing::Invitation.into()),
        };
        found.map_err(|error| self.counted(error, address))
    }

    /// The rows of the invitation with this text.
    pub(crate) async fn find_invitation(
        &self,
        rows: &mut impl Rows,
        text: &TokenText,
    ) -> Result<Found> {
        let invitation = invitations::with_prefix(rows, text.lookup_prefix())
            .await?
            .filter(|invitation| self.pepper.verify(text, &invitation.mac))
            .ok_or(Missing::Invitation)?;
        if invitation.expires_at <= self.clock.now() {
            return Err(Missing::LiveInvitation.into());
        }
        let member = members::find_any(rows, invitation.member_id)
            .await?
            .filter(|member| member.status == MembershipStatus::Pending)
            .ok_or(Missing::Invitation)?;
        let user = users::find(rows, member.user_id).await?;
        let user = user.ok_or(Missing::Invitation)?;
        Ok(Found {
            invitation,
            member,
            user,
        })
    }

    /// Counts a text that is no invitation's, which may be refused as one too many.
    pub(crate) fn counted(&self, error: Error, address: Option<IpAddr>) -> Error {
        let Error::NotFound(Missing::Invitation) = error else {
            return error;
        };
        let attempt = Attempt {
            kind: AttemptKind::Invitation,
            address,
            name: None,
        };
        match self.attempts.failed(&attempt) {
            Error::Unauthenticated(Unauthenticated::Invalid) => error,
            limited => limited,
        }
    }
}
