//! A device asks whether it is signed in.

use std::sync::Arc;

use coffer_crypto::SecretValue;
use coffer_types::audit::ActorContext;
use coffer_types::limits::DEVICE_TOKEN_DAYS;
use coffer_types::{
    AccountId, Effect, GroupScope, Permission, PermissionGroup, Policy, Resource, TokenName,
};
use serde_json::json;

use super::waiting::{Approval, Found, Waiting};
use super::{DeviceLogin, DevicePoll};
use crate::actor::{Actor, Caller, RequestMeta};
use crate::attempts::{Attempt, AttemptKind};
use crate::authorize::ManageUserTokens;
use crate::engine::Engine;
use crate::error::{Error, Result, Unauthenticated};
use crate::tokens::TokenSettings;

const TOKEN_LIFE_MICROS: i64 = DEVICE_TOKEN_DAYS * 24 * 3600 * 1_000_000;

/// What a device that is signed in may know of its user: who that is, and in which accounts.
const ABOUT_USER: [PermissionGroup; 2] = [
    PermissionGroup::USER_DETAILS_READ,
    PermissionGroup::MEMBERSHIPS_READ,
];

impl Engine {
    /// What a device is told that asks again. If its user approved it, its token is made now, and told this once.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`] after many codes that nobody knows; what [`create_token`](Self::create_token)
    /// refuses.
    pub async fn poll_device_login(
        &self,
        request: RequestMeta,
        device_code: &SecretValue,
    ) -> Result<DevicePoll> {
        let code = self.device_code_mac(device_code.expose_secret());
        match self.device_logins.poll(code, self.clock.now()) {
            Found::Pending => Ok(DevicePoll::Pending),
            Found::TooSoon => Ok(DevicePoll::SlowDown),
            Found::Denied => Ok(DevicePoll::Denied),
            Found::Expired => Ok(DevicePoll::Expired),
            Found::Unknown => self.unknown_device(&request),
            Found::Approved(approved) => {
                let (waiting, approval) = *approved;
                let made = self.sign_device_in(request, &waiting, &approval).await;
                if made.is_err() {
                    self.device_logins.put_back(code, waiting);
                }
                made
            }
        }
    }

    fn unknown_device(&self, request: &RequestMeta) -> Result<DevicePoll> {
        let attempt = Attempt {
            kind: AttemptKind::DeviceCode,
            address: request.ip,
            name: None,
        };
        match self.attempts.failed(&attempt) {
            Error::Unauthenticated(Unauthenticated::Invalid) => Ok(DevicePoll::Expired),
            limited => Err(limited),
        }
    }

    async fn sign_device_in(
        &self,
        request: RequestMeta,
        waiting: &Waiting,
        approval: &Approval,
    ) -> Result<DevicePoll> {
        // Who was removed, or left all these accounts, since saying yes signs nothing in.
        let Some(user) = self.store.user(approval.user_id).await? else {
            return Ok(DevicePoll::Denied);
        };
        let actor = Actor {
            memberships: self.store.memberships(user.id).await?,
            user: Some(user),
            token: None,
            session: None,
            context: ActorContext::Dash,
        };
        let policies = policies(&actor, approval);
        if policies.is_empty() {
            return Ok(DevicePoll::Denied);
        }
        let caller = Arc::new(Caller { actor, request });
        let permit = self.authorize_user::<ManageUserTokens>(&caller)?.into();
        let settings = TokenSettings {
            name: token_name(&waiting.login)?,
            enabled: None,
            policies,
            condition: coffer_types::IpCondition::default(),
            not_before: None,
            expires_on: Some(self.clock.now().plus_micros(TOKEN_LIFE_MICROS)),
        };
        let way = json!({
            "device": waiting.login.name,
            "asked_from": waiting.login.address,
            "asked_on": waiting.login.asked_at,
            "approved_from": approval.address,
        });
        let made = self.create_token_by(&permit, settings, Some(way));
        Ok(DevicePoll::Approved(Box::new(made.await?)))
    }
}

/// All that the user's roles allow now in these accounts, but for making further tokens: whoever takes the token away
/// takes all away that it gave.
fn policies(actor: &Actor, approval: &Approval) -> Vec<Policy> {
    let accounts = approval.accounts.iter();
    let mut policies: Vec<_> = accounts
        .filter_map(|account| policy_for(actor, *account))
        .collect();
    if !policies.is_empty() {
        policies.push(allow(ABOUT_USER.iter(), Resource::User(approval.user_id)));
    }
    policies
}

fn policy_for(actor: &Actor, account: AccountId) -> Option<Policy> {
    let permitted = actor.permissions_in(account)?;
    let fits = |group: &&PermissionGroup| {
        group.scope == GroupScope::Account
            && group.permissions.difference(permitted).is_empty()
            && !group.permissions.contains(Permission::ManageTokens)
    };
    let policy = allow(
        PermissionGroup::ALL.iter().filter(fits),
        Resource::Account(account),
    );
    (!policy.permission_groups.is_empty()).then_some(policy)
}

fn allow<'g>(groups: impl Iterator<Item = &'g PermissionGroup>, resource: Resource) -> Policy {
    Policy {
        effect: Effect::Allow,
        permission_groups: groups.map(|group| group.id.to_owned()).collect(),
        resources: vec![resource],
    }
}

fn token_name(login: &DeviceLogin) -> Result<TokenName> {
    format!("coffer login on {}", login.name)
        .parse()
        .map_err(|error| Error::Internal(format!("the name of a login: {error}")))
}
