//! What the installation's operator does, who is no user and needs no permission: whoever reaches the data directory
//! has its keys. The same use cases serve a running server's own socket and a command on a directory that nobody
//! serves.

mod accounts;
mod create_account;
mod create_user;
mod health;
mod set_password;
#[cfg(test)]
mod tests;
mod users;

use std::sync::Arc;

use coffer_crypto::{PasswordHasher, SecretValue, TokenText};
use coffer_protocol::operator::{Account, User};
use coffer_store::rows::audit::{EventActor, EventRequest, NewEvent};
use coffer_types::audit::Outcome;
use coffer_types::{AccountId, AuditEventId, RequestId, Timestamp};

use crate::installation::Installation;
use crate::keys::Keys;
use crate::mutate::About;
use crate::passwords::Passwords;

/// The operator of an installation. Cheap to clone.
#[derive(Clone)]
pub struct Operator(Arc<Parts>);

struct Parts {
    installation: Installation,
    passwords: Passwords,
    keys: Keys,
}

/// An account that was made.
#[derive(Debug)]
pub struct CreatedAccount {
    /// The account.
    pub account: Account,
    /// Its Super Administrator.
    pub user: User,
    /// The password of a user who was made with it. It is told once.
    pub password: Option<SecretValue>,
}

/// A user who was made, or invited.
#[derive(Debug)]
pub struct CreatedUser {
    /// The user.
    pub user: User,
    /// What lets the user in. It is told once.
    pub entry: Entry,
}

/// What lets a new user in.
#[derive(Debug)]
pub enum Entry {
    /// A password.
    Password(SecretValue),
    /// An invitation, refused from the moment on.
    Invitation(TokenText, Timestamp),
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Operator")
    }
}

impl Operator {
    /// The operator of this installation; `hasher` bounds how many passwords are hashed at once.
    pub fn new(installation: Installation, hasher: PasswordHasher) -> Self {
        let passwords = Passwords::new(hasher, &installation.keyring);
        Self(Arc::new(Parts {
            keys: installation.keys(),
            installation,
            passwords,
        }))
    }

    /// What is operated.
    pub fn installation(&self) -> &Installation {
        &self.0.installation
    }

    /// The installation's keys.
    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }

    fn now(&self) -> Timestamp {
        self.0.installation.clock.now()
    }

    /// An event about something that the operator did now.
    fn event(&self, account_id: Option<AccountId>, about: About) -> NewEvent {
        let random = self.0.installation.random.as_ref();
        NewEvent {
            id: AuditEventId::random(random),
            account_id,
            at: self.now(),
            action: about.action,
            outcome: Outcome::Success,
            resource_kind: about.resource_kind,
            resource_id: about.resource_id,
            actor: EventActor::operator(),
            request: EventRequest {
                id: RequestId::random(random),
                raw: None,
            },
            details: about.details,
        }
    }
}
