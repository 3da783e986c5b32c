//! Making a user in an account: with a password that is told once, or by an invitation.

use std::sync::Arc;

use coffer_crypto::SecretValue;
use coffer_crypto::token::{TokenKind, TokenText};
use coffer_protocol::operator::NewUser;
use coffer_store::rows::accounts;
use coffer_store::rows::audit::NewEvent;
use coffer_store::rows::invitations::{self, InvitationRow};
use coffer_store::rows::members::{self, MemberRow};
use coffer_store::rows::users::{self, UserRow};
use coffer_store::{Tx, Written};
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::{Email, MemberId, MembershipStatus, Timestamp, UserId, limits};
use serde_json::json;

use super::users::view;
use super::{CreatedUser, Entry, Operator};
use crate::error::{Conflict, Error, Limit, Missing, Problem, Result};
use crate::members::described;
use crate::mutate::About;
use crate::provision::generated_password;

const MICROS_PER_DAY: i64 = 24 * 3600 * 1_000_000;

/// A user with what a new one needs.
pub(super) struct Prepared {
    pub(super) row: UserRow,
    pub(super) password: SecretValue,
}

/// How the user gets in.
enum Door {
    Password,
    Invitation(InvitationRow),
}

struct Rows {
    new: NewUser,
    user: UserRow,
    member_id: MemberId,
    door: Door,
}

impl Operator {
    /// Makes a user who is in an account from then on, and gives the password; or invites one, who is made a user if
    /// there is none of the address.
    ///
    /// # Errors
    /// [`Missing::Account`]; [`Conflict::UserExists`], if a password was asked for; [`Conflict::AlreadyMember`];
    /// [`Limit::Members`]; [`Error::Invalid`] without a role.
    pub async fn create_user(&self, new: NewUser) -> Result<CreatedUser> {
        if new.roles.is_empty() {
            let told = Problem::Parameter("name at least one role".to_owned());
            return Err(Error::invalid("/roles", told));
        }
        if new.invite {
            self.invite_user(new).await
        } else {
            self.create_with_password(new).await
        }
    }

    async fn create_with_password(&self, new: NewUser) -> Result<CreatedUser> {
        let Prepared { row, password } = self.prepared_user(new.email.clone()).await?;
        let user = self.write_user(new, row, Door::Password).await?;
        Ok(CreatedUser {
            user,
            entry: Entry::Password(password),
        })
    }

    async fn invite_user(&self, new: NewUser) -> Result<CreatedUser> {
        let parts = self.installation();
        let random = parts.random.as_ref();
        let text = TokenText::generate(TokenKind::Invitation, random);
        let now = self.now();
        let expires_at = now.plus_micros(limits::INVITATION_DAYS * MICROS_PER_DAY);
        let invitation = InvitationRow {
            // Set when the membership is known.
            member_id: MemberId::random(random),
            prefix: text.lookup_prefix().to_owned(),
            mac: parts.keyring.token_pepper().mac(&text).to_vec(),
            invited_by: None,
            created_at: now,
            expires_at,
        };
        let row = self.user_without_password(new.email.clone());
        let user = self
            .write_user(new, row, Door::Invitation(invitation))
            .await?;
        Ok(CreatedUser {
            user,
            entry: Entry::Invitation(text, expires_at),
        })
    }

    async fn write_user(
        &self,
        new: NewUser,
        user: UserRow,
        door: Door,
    ) -> Result<coffer_protocol::operator::User> {
        let rows = Arc::new(Rows {
            new,
            user,
            member_id: MemberId::random(self.installation().random.as_ref()),
            door,
        });
        let operator = self.clone();
        self.installation()
            .store
            .write(move |tx| {
                let (operator, rows) = (operator.clone(), Arc::clone(&rows));
                Box::pin(async move { operator.insert_user(tx, &rows).await })
            })
            .await
    }

    async fn insert_user(
        &self,
        tx: &mut Tx<'_>,
        rows: &Rows,
    ) -> Result<Written<coffer_protocol::operator::User>> {
        let account_id = rows.new.account;
        let account = accounts::find(tx, account_id).await?;
        account.ok_or(Missing::Account)?;
        let mut events = Vec::new();
        let user = match users::with_email(tx, &rows.new.email).await? {
            Some(_) if matches!(rows.door, Door::Password) => {
                return Err(Conflict::UserExists.into());
            }
            Some(user) => user,
            None => {
                users::insert(tx, &rows.user).await?;
                events.push(self.user_event(&rows.user));
                rows.user.clone()
            }
        };
        let before = members::of_user_in(tx, user.id, account_id).await?;
        if before
            .as_ref()
            .is_some_and(|before| before.status == MembershipStatus::Accepted)
        {
            return Err(Conflict::AlreadyMember.into());
        }
        let member = MemberRow {
            id: before.as_ref().map_or(rows.member_id, |before| before.id),
            account_id,
            user_id: user.id,
            roles: rows.new.roles.clone(),
            status: match rows.door {
                Door::Password => MembershipStatus::Accepted,
                Door::Invitation(_) => MembershipStatus::Pending,
            },
            created_at: before
                .as_ref()
                .map_or(self.now(), |before| before.created_at),
        };
        self.put_member(tx, before.as_ref(), &member).await?;
        let mut details = json!({ "after": described(&member, &user.email) });
        if let Some(before) = &before {
            details["before"] = described(before, &user.email);
        }
        if let Door::Invitation(invitation) = &rows.door {
            let mut invitation = invitation.clone();
            invitation.member_id = member.id;
            invitations::put(tx, &invitation).await?;
            details["invitation_expires_on"] = json!(invitation.expires_at);
        }
        let about = About {
            action: if before.is_some() {
                Action::Update
            } else {
                Action::Create
            },
            resource_kind: ResourceKind::Member,
            resource_id: member.id.to_string(),
            details,
        };
        events.push(self.event(Some(account_id), about));
        let user = view(tx, user).await?;
        Written::with_events(user, events)
            .ok_or_else(|| Error::Internal("a user without an event".to_owned()))
    }

    async fn put_member(
        &self,
        tx: &mut Tx<'_>,
        before: Option<&MemberRow>,
        member: &MemberRow,
    ) -> Result<()> {
        if before.is_some() {
            return Ok(members::update(tx, member, self.now()).await?);
        }
        let most = limits::MAX_MEMBERS_PER_ACCOUNT;
        if members::count(tx, member.account_id).await? >= most {
            return Err(Limit::Members(most).into());
        }
        Ok(members::insert(tx, member).await?)
    }

    /// That a user was made, with a password or without.
    pub(super) fn user_event(&self, user: &UserRow) -> NewEvent {
        let has_password = !user.password_hash.is_empty();
        let about = About {
            action: Action::Create,
            resource_kind: ResourceKind::User,
            resource_id: user.id.to_string(),
            details: json!({ "after": { "email": user.email, "has_password": has_password } }),
        };
        self.event(None, about)
    }

    /// A user with a generated password, and a global API key that it opens.
    pub(super) async fn prepared_user(&self, email: Email) -> Result<Prepared> {
        let random = self.installation().random.as_ref();
        let mut row = self.user_without_password(email);
        let password = generated_password(random);
        let kept = Arc::new(SecretValue::new(password.expose_secret().to_owned()));
        let kept = self.0.passwords.first(row.id, &kept, random).await?;
        row.password_hash = kept.password_hash;
        row.global_key_mac = kept.global_key.mac;
        row.global_key_enabled = true;
        row.global_key_sealed = Some(kept.global_key.sealed);
        Ok(Prepared { row, password })
    }

    /// A user without a password, and with a global API key that nobody has.
    fn user_without_password(&self, email: Email) -> UserRow {
        let parts = self.installation();
        let random = parts.random.as_ref();
        let key = TokenText::generate(TokenKind::GlobalKey, random);
        let now: Timestamp = self.now();
        UserRow {
            id: UserId::random(random),
            email,
            first_name: None,
            last_name: None,
            password_hash: String::new(),
            global_key_mac: parts.keyring.token_pepper().mac(&key).to_vec(),
            global_key_enabled: false,
            global_key_sealed: None,
            has_second_factor: false,
            created_at: now,
            modified_at: now,
        }
    }
}
