//! The first account, its Super Administrator and that user's first token.

use std::sync::Arc;

use coffer_crypto::token::{TokenKind, TokenText};
use coffer_crypto::{PasswordHasher, SecretValue, WrappedMasterKey};
use coffer_store::rows::accounts::{self, AccountLimits, AccountRow};
use coffer_store::rows::audit::{EventActor, EventRequest, NewEvent};
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::instance::{self, MasterKeyRow};
use coffer_store::rows::members::{self, MemberRow};
use coffer_store::rows::tokens::{self, TokenOwner, TokenRow};
use coffer_store::rows::users::{self, UserRow};
use coffer_store::{Tx, Written};
use coffer_types::audit::{Action, Outcome, ResourceKind};
use coffer_types::{
    AccountId, AuditEventId, Email, IpCondition, MemberId, MembershipStatus, Policy, Random,
    RequestId, Role, Subdomain, TokenId, TokenName, UserId, limits,
};
use serde_json::json;

use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::passwords::Passwords;

/// How long a generated password is: 20 of 62 characters are 119 bits.
const PASSWORD_CHARS: usize = 20;

/// What the first account is to be.
#[derive(Clone, Debug)]
pub struct NewInstallation {
    /// The account's name.
    pub account_name: String,
    /// Its label in host names.
    pub subdomain: Subdomain,
    /// The Super Administrator's address.
    pub email: Email,
}

/// What was made. The secrets in it are told once and kept nowhere.
#[derive(Debug)]
pub struct Initialised {
    /// The account.
    pub account_id: AccountId,
    /// Its name.
    pub account_name: String,
    /// The Super Administrator's address.
    pub email: Email,
    /// The Super Administrator's password.
    pub password: SecretValue,
    /// A token that may do all the Super Administrator may.
    pub api_token: TokenText,
    /// The Super Administrator's global API key.
    pub global_api_key: TokenText,
}

/// The keys of a new installation, as they are kept.
pub(crate) struct NewKeys {
    /// The installation's own id.
    pub(crate) instance: String,
    pub(crate) master_key: WrappedMasterKey,
}

impl Installation {
    /// Makes the first account in a new database: all of it or nothing.
    pub(crate) async fn initialise(
        &self,
        keys: NewKeys,
        passwords: &PasswordHasher,
        new: NewInstallation,
    ) -> Result<Initialised> {
        let random = self.random.as_ref();
        let now = self.clock.now();
        let (user_id, password) = (UserId::random(random), generated_password(random));
        let kept_password = Arc::new(SecretValue::new(password.expose_secret().to_owned()));
        let kept = Passwords::new(passwords.clone(), &self.keyring)
            .first(user_id, &kept_password, random)
            .await?;
        let global_key = kept.global_key;
        let api_token = TokenText::generate(TokenKind::ApiToken, random);
        let pepper = self.keyring.token_pepper();
        let first = FirstRows {
            instance: keys.instance,
            master_key: MasterKeyRow {
                version: keys.master_key.version,
                wrapped: keys.master_key.wrapped,
            },
            account: self.first_account(&new)?,
            user: UserRow {
                id: user_id,
                email: new.email.clone(),
                first_name: None,
                last_name: None,
                password_hash: kept.password_hash,
                global_key_mac: global_key.mac,
                global_key_enabled: true,
                global_key_sealed: Some(global_key.sealed),
                has_second_factor: false,
                created_at: now,
                modified_at: now,
            },
            member_id: MemberId::random(random),
            token_id: TokenId::random(random),
            token_name: first_token_name()?,
            token: (
                api_token.lookup_prefix().to_owned(),
                pepper.mac(&api_token).to_vec(),
            ),
            event_id: AuditEventId::random(random),
            request_id: RequestId::random(random),
        };
        let account_id = first.account.id;
        let first = Arc::new(first);
        self.store
            .write(move |tx| {
                let first = Arc::clone(&first);
                Box::pin(async move { first.insert(tx).await })
            })
            .await?;
        Ok(Initialised {
            account_id,
            account_name: new.account_name,
            email: new.email,
            password,
            api_token,
            global_api_key: global_key.text,
        })
    }

    fn first_account(&self, new: &NewInstallation) -> Result<AccountRow> {
        let random = self.random.as_ref();
        let id = AccountId::random(random);
        Ok(AccountRow {
            id,
            name: new.account_name.clone(),
            subdomain: Some(new.subdomain.clone()),
            limits: AccountLimits {
                stores: limits::DEFAULT_STORES_PER_ACCOUNT,
                secrets: limits::DEFAULT_SECRETS_PER_ACCOUNT,
                value_bytes: limits::DEFAULT_SECRET_VALUE_BYTES,
                workers: limits::DEFAULT_WORKERS_PER_ACCOUNT,
            },
            keys: vec![self.keyring.new_account_key(id, 1, random)?],
            created_at: self.clock.now(),
        })
    }
}

struct FirstRows {
    instance: String,
    master_key: MasterKeyRow,
    account: AccountRow,
    user: UserRow,
    member_id: MemberId,
    token_id: TokenId,
    token_name: TokenName,
    token: (String, Vec<u8>),
    event_id: AuditEventId,
    request_id: RequestId,
}

impl FirstRows {
    async fn insert(&self, tx: &mut Tx<'_>) -> Result<Written<()>> {
        let now = self.account.created_at;
        instance::insert(tx, &self.instance, now).await?;
        instance::insert_master_key(tx, &self.master_key, now).await?;
        accounts::insert(tx, &self.account).await?;
        users::insert(tx, &self.user).await?;
        let member = MemberRow {
            id: self.member_id,
            account_id: self.account.id,
            user_id: self.user.id,
            roles: vec![Role::SuperAdministrator],
            status: MembershipStatus::Accepted,
            created_at: now,
        };
        members::insert(tx, &member).await?;
        tokens::insert(tx, &self.token_row()).await?;
        changes::record(tx, self.account.id, ChangeSubject::Account).await?;
        Ok(Written::new((), self.event()))
    }

    fn token_row(&self) -> TokenRow {
        let (prefix, mac) = self.token.clone();
        TokenRow {
            id: self.token_id,
            owner: TokenOwner::User(self.user.id),
            name: self.token_name.clone(),
            prefix,
            mac,
            enabled: true,
            policies: Policy::everything_of(self.user.id),
            condition: IpCondition::default(),
            not_before: None,
            expires_at: None,
            created_at: self.account.created_at,
            issued_at: self.account.created_at,
            modified_at: self.account.created_at,
        }
    }

    fn event(&self) -> NewEvent {
        NewEvent {
            id: self.event_id,
            account_id: Some(self.account.id),
            at: self.account.created_at,
            action: Action::Create,
            resource_kind: ResourceKind::Account,
            resource_id: self.account.id.to_string(),
            actor: EventActor::operator(),
            outcome: Outcome::Success,
            request: EventRequest {
                id: self.request_id,
                raw: None,
            },
            details: json!({ "after": {
                "name": self.account.name,
                "subdomain": self.account.subdomain,
                "super_administrator": self.user.email,
                "token_id": self.token_id,
            } }),
        }
    }
}

fn first_token_name() -> Result<TokenName> {
    let parsed = "initial token".parse();
    parsed.map_err(|error: coffer_types::name::InvalidName| Error::Internal(error.to_string()))
}

/// A password that nobody chose.
pub(crate) fn generated_password(random: &dyn Random) -> SecretValue {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut password = String::with_capacity(PASSWORD_CHARS);
    while password.len() < PASSWORD_CHARS {
        let mut byte = [0];
        random.fill(&mut byte);
        // 248 is the largest multiple of 62 in a byte: above it, letters would not be equally likely.
        if byte[0] < 248 {
            password.push(char::from(LETTERS[usize::from(byte[0] % 62)]));
        }
    }
    SecretValue::new(password)
}
