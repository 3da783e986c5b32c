//! Who sends a request.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};
use coffer_crypto::{SystemRandom, TokenKind, TokenText};
use coffer_store::rows::accounts::AccountRow;
use coffer_store::rows::members::MemberRow;
use coffer_store::rows::tokens::{TokenOwner, TokenRow};
use coffer_store::rows::users::UserRow;
use coffer_store::rows::{accounts, members, tokens, users};
use coffer_types::{
    AccountId, Clock, Effect, GroupScope, IpCondition, MemberId, MembershipStatus, PermissionGroup,
    Policy, Resource, Role, Timestamp, TokenId, UserId,
};

use super::TestApp;

/// Someone with credentials, or without.
#[derive(Clone, Debug, Default)]
pub(crate) struct Actor(Vec<(HeaderName, String)>);

impl Actor {
    /// Without credentials.
    pub(crate) const fn nobody() -> Self {
        Self(Vec::new())
    }

    /// With these headers and nothing else.
    pub(crate) fn with_headers(headers: &[(&'static str, &str)]) -> Self {
        let headers = headers.iter();
        Self(
            headers
                .map(|(name, value)| (HeaderName::from_static(name), (*value).to_owned()))
                .collect(),
        )
    }

    /// The same with a further header.
    pub(crate) fn and(mut self, name: &'static str, value: &str) -> Self {
        self.0
            .push((HeaderName::from_static(name), value.to_owned()));
        self
    }

    /// With an API token.
    pub(crate) fn token(token: &TokenText) -> Self {
        Self::with_headers(&[(
            "authorization",
            &format!("Bearer {}", token.expose_secret()),
        )])
    }

    /// With an API token that looks right and is nobody's.
    pub(crate) fn wrong_token() -> Self {
        Self::token(&TokenText::generate(TokenKind::ApiToken, &SystemRandom))
    }

    /// With an e-mail address and its global API key.
    pub(crate) fn global_key(email: &str, key: &TokenText) -> Self {
        Self::with_headers(&[("x-auth-email", email), ("x-auth-key", key.expose_secret())])
    }

    pub(super) fn sign(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            headers.insert(name, value.parse().unwrap());
        }
    }
}

/// An account beside the first.
pub(crate) struct OtherAccount {
    pub(crate) id: AccountId,
    /// Its Super Administrator, with a token that may do everything there.
    pub(crate) admin: Actor,
}

/// When a token may be used, and whether at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenTimes {
    pub(crate) enabled: bool,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
}

impl Default for TokenTimes {
    fn default() -> Self {
        Self {
            enabled: true,
            not_before: None,
            expires_at: None,
        }
    }
}

impl TestApp {
    /// The Super Administrator, with the token that was made with the account.
    pub(crate) fn admin(&self) -> Actor {
        Actor::token(&self.first.api_token)
    }

    /// The Super Administrator, with the global API key.
    pub(crate) fn admin_by_key(&self) -> Actor {
        Actor::global_key(self.first.email.as_str(), &self.first.global_api_key)
    }

    /// Another token of the Super Administrator, with these permission groups.
    pub(crate) async fn token_with(&self, groups: &[PermissionGroup]) -> Actor {
        let owner = TokenOwner::User(self.admin_id().await);
        self.add_token(owner, groups, TokenTimes::default()).await
    }

    /// Another token of the Super Administrator, with every permission group, that may not be used always.
    pub(crate) async fn timed_token(&self, times: TokenTimes) -> Actor {
        let owner = TokenOwner::User(self.admin_id().await);
        self.add_token(owner, &PermissionGroup::ALL, times).await
    }

    /// A token of the account itself, with these permission groups.
    pub(crate) async fn account_token(&self, groups: &[PermissionGroup]) -> Actor {
        let owner = TokenOwner::Account(self.first.account_id);
        self.add_token(owner, groups, TokenTimes::default()).await
    }

    /// A user with these roles in the first account, with a token that may do all the user may.
    pub(crate) async fn member_with(&self, roles: &[Role]) -> Actor {
        let user_id = self.add_user().await;
        self.add_member(self.first.account_id, user_id, roles).await;
        let owner = TokenOwner::User(user_id);
        self.add_token(owner, &PermissionGroup::ALL, TokenTimes::default())
            .await
    }

    /// Another account, with a Super Administrator of its own.
    pub(crate) async fn other_account(&self) -> OtherAccount {
        let id = AccountId::random(&SystemRandom);
        let first = self.store.account(self.first.account_id).await.unwrap();
        let key = self.keyring.new_account_key(id, 1, &SystemRandom).unwrap();
        let row = Arc::new(AccountRow {
            id,
            name: "Other account".to_owned(),
            subdomain: Some(format!("s{id}").parse().unwrap()),
            limits: first.unwrap().limits,
            keys: vec![key],
            created_at: self.clock.now(),
        });
        self.add_rows(move |tx| {
            let row = Arc::clone(&row);
            Box::pin(async move { accounts::insert(tx, &row).await })
        })
        .await;
        let user_id = self.add_user().await;
        self.add_member(id, user_id, &[Role::SuperAdministrator])
            .await;
        let owner = TokenOwner::User(user_id);
        let admin = self
            .add_token(owner, &PermissionGroup::ALL, TokenTimes::default())
            .await;
        OtherAccount { id, admin }
    }

    /// Makes a user a member of an account.
    pub(crate) async fn add_member(&self, account_id: AccountId, user_id: UserId, roles: &[Role]) {
        let row = Arc::new(MemberRow {
            id: MemberId::random(&SystemRandom),
            account_id,
            user_id,
            roles: roles.to_vec(),
            status: MembershipStatus::Accepted,
            created_at: self.clock.now(),
        });
        self.add_rows(move |tx| {
            let row = Arc::clone(&row);
            Box::pin(async move { members::insert(tx, &row).await })
        })
        .await;
    }

    /// Adds a token. Groups about a user are left out of an account's own.
    pub(crate) async fn add_token(
        &self,
        owner: TokenOwner,
        groups: &[PermissionGroup],
        times: TokenTimes,
    ) -> Actor {
        let policies = policies_over(owner, groups);
        self.add_token_with_policies(owner, policies, times).await
    }

    /// A token of the Super Administrator, with every permission group, for these addresses alone.
    pub(crate) async fn token_for(&self, condition: IpCondition) -> Actor {
        let owner = TokenOwner::User(self.admin_id().await);
        let policies = policies_over(owner, &PermissionGroup::ALL);
        self.add_conditional_token(owner, policies, TokenTimes::default(), condition)
            .await
    }

    /// Adds a token with these policies.
    pub(crate) async fn add_token_with_policies(
        &self,
        owner: TokenOwner,
        policies: Vec<Policy>,
        times: TokenTimes,
    ) -> Actor {
        self.add_conditional_token(owner, policies, times, IpCondition::default())
            .await
    }

    /// Adds a token with these policies, for these times and addresses.
    pub(crate) async fn add_conditional_token(
        &self,
        owner: TokenOwner,
        policies: Vec<Policy>,
        times: TokenTimes,
        condition: IpCondition,
    ) -> Actor {
        let text = TokenText::generate(TokenKind::ApiToken, &SystemRandom);
        let row = Arc::new(TokenRow {
            id: TokenId::random(&SystemRandom),
            owner,
            name: "test token".parse().unwrap(),
            prefix: text.lookup_prefix().to_owned(),
            mac: self.keyring.token_pepper().mac(&text).to_vec(),
            enabled: times.enabled,
            policies,
            condition,
            not_before: times.not_before,
            expires_at: times.expires_at,
            created_at: self.clock.now(),
            issued_at: self.clock.now(),
            modified_at: self.clock.now(),
        });
        self.add_rows(move |tx| {
            let row = Arc::clone(&row);
            Box::pin(async move { tokens::insert(tx, &row).await })
        })
        .await;
        Actor::token(&text)
    }

    /// The Super Administrator's id.
    pub(crate) async fn admin_id(&self) -> UserId {
        let mut reader = self.store.reader().await.unwrap();
        let found = users::with_email(&mut reader, &self.first.email).await;
        found.unwrap().unwrap().id
    }

    /// A user without a password, and the user's id.
    pub(crate) async fn add_user(&self) -> UserId {
        let email = format!("{}@example.com", UserId::random(&SystemRandom));
        self.add_user_with_email(&email, "none").await
    }

    /// A user with this address and this text in the place of a password's hash.
    pub(crate) async fn add_user_with_email(&self, email: &str, password_hash: &str) -> UserId {
        let id = UserId::random(&SystemRandom);
        let row = Arc::new(UserRow {
            id,
            email: email.parse().unwrap(),
            first_name: None,
            last_name: None,
            password_hash: password_hash.to_owned(),
            global_key_mac: vec![1; 32],
            global_key_enabled: true,
            global_key_sealed: None,
            has_second_factor: false,
            created_at: self.clock.now(),
            modified_at: self.clock.now(),
        });
        self.add_rows(move |tx| {
            let row = Arc::clone(&row);
            Box::pin(async move { users::insert(tx, &row).await })
        })
        .await;
        id
    }
}

/// What allows these groups everywhere. Groups about a user are left out of an account's own.
fn policies_over(owner: TokenOwner, groups: &[PermissionGroup]) -> Vec<Policy> {
    let user = match owner {
        TokenOwner::User(id) => Some(Resource::User(id)),
        TokenOwner::Account(_) => None,
    };
    let policies = groups.iter().filter_map(|group| {
        let resource = match group.scope {
            GroupScope::Account => Some(Resource::EveryAccount),
            GroupScope::User => user,
        };
        Some(Policy {
            effect: Effect::Allow,
            permission_groups: vec![group.id.to_owned()],
            resources: vec![resource?],
        })
    });
    policies.collect()
}
