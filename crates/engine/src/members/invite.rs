//! Inviting someone to an account.

use std::sync::Arc;

use coffer_crypto::token::{TokenKind, TokenText};
use coffer_protocol::members::Member;
use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::invitations::{self, InvitationRow};
use coffer_store::rows::members::{self, MemberRow, MemberWithUser};
use coffer_store::rows::users::{self, UserRow};
use coffer_store::{Tx, Written};
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{Email, MemberId, MembershipStatus, Role, Timestamp, UserId, limits};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{described, view};
use crate::authorize::{ManageAccount, Permit};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Limit, Result};
use crate::mutate::About;

const MICROS_PER_DAY: i64 = 24 * 3600 * 1_000_000;

/// Someone who was invited.
#[derive(Debug)]
pub struct Invited {
    /// The member, who has yet to accept.
    pub member: Member,
    /// What the link carries. It is told once; `None` if the request was answered before.
    pub text: Option<TokenText>,
    /// The invitation is refused from here on.
    pub expires_on: Timestamp,
}

/// What is kept of an invitation's answer: never its text.
#[derive(Serialize, Deserialize)]
struct Kept {
    member: Member,
    prefix: String,
    expires_on: Timestamp,
}

/// The rows of an invitation, which a transaction may have to write twice.
struct Rows {
    user: UserRow,
    member_id: MemberId,
    roles: Vec<Role>,
    prefix: String,
    mac: Vec<u8>,
}

impl Engine {
    /// Invites someone, who is made a user if there is none of this address. Whoever is invited already is invited
    /// anew: the link from before is dead.
    ///
    /// # Errors
    /// [`Conflict::AlreadyMember`]; [`Limit::Members`].
    pub async fn invite_member(
        &self,
        permit: &Permit<ManageAccount>,
        email: Email,
        roles: Vec<Role>,
    ) -> Result<Invited> {
        let text = TokenText::generate(TokenKind::Invitation, self.random.as_ref());
        let rows = Arc::new(Rows {
            user: self.new_user(email),
            member_id: MemberId::random(self.random.as_ref()),
            roles,
            prefix: text.lookup_prefix().to_owned(),
            mac: self.pepper.mac(&text).to_vec(),
        });
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        let kept = self
            .mutate(&caller, move |tx| {
                let (engine, permit, rows) = (engine.clone(), permit.clone(), Arc::clone(&rows));
                Box::pin(async move { engine.invite(tx, &permit, &rows).await })
            })
            .await?;
        // A repeated request was given another text, which is kept nowhere.
        let text = Some(text).filter(|text| text.lookup_prefix() == kept.prefix);
        Ok(Invited {
            member: kept.member,
            text,
            expires_on: kept.expires_on,
        })
    }

    /// A user without a password, and with a global key that nobody has: nothing opens it.
    fn new_user(&self, email: Email) -> UserRow {
        let random = self.random.as_ref();
        let key = TokenText::generate(TokenKind::GlobalKey, random);
        let now = self.clock.now();
        UserRow {
            id: UserId::random(random),
            email,
            first_name: None,
            last_name: None,
            password_hash: String::new(),
            global_key_mac: self.pepper.mac(&key).to_vec(),
            global_key_enabled: false,
            global_key_sealed: None,
            has_second_factor: false,
            created_at: now,
            modified_at: now,
        }
    }

    async fn invite(
        &self,
        tx: &mut Tx<'_>,
        permit: &Permit<ManageAccount>,
        rows: &Rows,
    ) -> Result<Written<Kept>> {
        let now = self.clock.now();
        let mut events = Vec::new();
        let user = match users::with_email(tx, &rows.user.email).await? {
            Some(user) => user,
            None => {
                users::insert(tx, &rows.user).await?;
                events.push(self.created_event(permit, &rows.user));
                rows.user.clone()
            }
        };
        let before = members::of_user_in(tx, user.id, permit.account_id()).await?;
        let member = MemberRow {
            id: before.as_ref().map_or(rows.member_id, |before| before.id),
            account_id: permit.account_id(),
            user_id: user.id,
            roles: rows.roles.clone(),
            status: MembershipStatus::Pending,
            created_at: before.as_ref().map_or(now, |before| before.created_at),
        };
        match before.as_ref().map(|before| before.status) {
            Some(MembershipStatus::Accepted) => return Err(Conflict::AlreadyMember.into()),
            Some(_) => members::update(tx, &member, now).await?,
            None => {
                let most = limits::MAX_MEMBERS_PER_ACCOUNT;
                if members::count(tx, permit.account_id()).await? >= most {
                    return Err(Limit::Members(most).into());
                }
                members::insert(tx, &member).await?;
            }
        }
        let invitation = InvitationRow {
            member_id: member.id,
            prefix: rows.prefix.clone(),
            mac: rows.mac.clone(),
            invited_by: permit.caller.actor.email(),
            created_at: now,
            expires_at: now.plus_micros(limits::INVITATION_DAYS * MICROS_PER_DAY),
        };
        invitations::put(tx, &invitation).await?;
        events.push(self.invited_event(permit, before.as_ref(), &member, &user.email, &invitation));
        let member = MemberWithUser {
            member,
            email: user.email,
            first_name: None,
            last_name: None,
            has_second_factor: false,
        };
        let kept = Kept {
            member: view::member(&member),
            prefix: invitation.prefix,
            expires_on: invitation.expires_at,
        };
        Written::with_events(kept, events)
            .ok_or_else(|| Error::Internal("an invitation without an event".to_owned()))
    }

    fn created_event(&self, permit: &Permit<ManageAccount>, user: &UserRow) -> NewEvent {
        let about = About {
            action: Action::Create,
            resource_kind: ResourceKind::User,
            resource_id: user.id.to_string(),
            details: json!({ "after": { "email": user.email, "has_password": false } }),
        };
        self.event(&permit.caller, permit.account_id(), about)
    }

    fn invited_event(
        &self,
        permit: &Permit<ManageAccount>,
        before: Option<&MemberRow>,
        member: &MemberRow,
        email: &Email,
        invitation: &InvitationRow,
    ) -> NewEvent {
        let mut details = json!({
            "after": described(member, email),
            "invitation_expires_on": invitation.expires_at,
        });
        if let Some(before) = before {
            details["before"] = described(before, email);
        }
        let action = match before {
            Some(_) => Action::Update,
            None => Action::Create,
        };
        let about = About {
            action,
            resource_kind: ResourceKind::Member,
            resource_id: member.id.to_string(),
            details,
        };
        self.event(&permit.caller, permit.account_id(), about)
    }
}
