//! Global API keys: each user's one key that may do all the user may.

use std::sync::Arc;

use coffer_crypto::{SecretValue, TokenKind, TokenText};
use coffer_store::rows::users::{self, UserRow};
use coffer_store::{Tx, Written};
use coffer_types::audit::{Action, ActorContext, ResourceKind};
use coffer_types::{Email, RequestId};
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::authorize::{ManageUser, UserPermit, ViewUser};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Result, Unauthenticated};
use crate::mutate::About;
use crate::passwords::Asked;

/// The field of the password in every request about the key.
const PASSWORD: &str = "/password";

impl Engine {
    /// The user with this address and key.
    ///
    /// # Errors
    /// [`Unauthenticated::Invalid`] whatever the reason: unknown, wrong, disabled.
    pub(crate) async fn authenticate_global_key(
        &self,
        email: &Email,
        key: &TokenText,
    ) -> Result<Actor> {
        let found = self.store.user_with_email(email).await?;
        // An unknown address costs the same check against a MAC that nothing has.
        let nobodys = [0; 32];
        let mac = found
            .as_ref()
            .map_or(&nobodys[..], |user| &user.global_key_mac);
        let is_right = key.kind() == TokenKind::GlobalKey && self.pepper.verify(key, mac);
        match found {
            Some(user) if is_right && user.global_key_enabled => {
                let memberships = self.store.memberships(user.id).await?;
                Ok(Actor {
                    user: Some(user),
                    memberships,
                    token: None,
                    session: None,
                    context: ActorContext::ApiKey,
                })
            }
            _ => Err(Error::Unauthenticated(Unauthenticated::Invalid)),
        }
    }

    /// Whether the key of the user who asks may be used.
    pub fn is_global_key_enabled(&self, permit: &UserPermit<ViewUser>) -> bool {
        permit.user.global_key_enabled
    }

    /// Shows the user's key.
    ///
    /// # Errors
    /// [`crate::Problem::PasswordWrong`]; [`Conflict::GlobalKeyNotKept`]; [`Error::TooManyAttempts`].
    pub async fn view_global_key(
        &self,
        permit: &UserPermit<ManageUser>,
        password: SecretValue,
    ) -> Result<TokenText> {
        let password = Arc::new(password);
        let asked = asked(Action::Access, "view the global API key");
        self.confirm(permit, &password, asked).await?;
        let key = self.opened(&permit.user, &password).await?;
        let event = self.event(
            &permit.caller,
            None,
            about(permit, Action::Access, json!({ "global_key": "viewed" })),
        );
        self.record(event).await?;
        Ok(key)
    }

    /// Replaces the user's key, and gives the new one. The old one is refused from then on.
    ///
    /// # Errors
    /// [`crate::Problem::PasswordWrong`]; [`Conflict::CredentialsChanged`]; [`Error::TooManyAttempts`].
    pub async fn roll_global_key(
        &self,
        permit: &UserPermit<ManageUser>,
        password: SecretValue,
    ) -> Result<TokenText> {
        let password = Arc::new(password);
        let asked = asked(Action::Update, "roll the global API key");
        self.confirm(permit, &password, asked).await?;
        let random = self.random.as_ref();
        let new = self
            .passwords
            .new_global_key(permit.user_id(), &password, random)
            .await?;
        let (mac, sealed) = (new.mac, new.sealed);
        let request_id = permit.caller.request.id;
        let rolled_by: RequestId = self
            .change_key(
                permit,
                json!({ "global_key": "rolled" }),
                request_id,
                move |user| {
                    user.global_key_mac.clone_from(&mac);
                    user.global_key_sealed = Some(sealed.clone());
                },
            )
            .await?;
        if rolled_by == request_id {
            return Ok(new.text);
        }
        // The same request came before, and its key is the one that counts.
        let user = self.store.user(permit.user_id()).await?;
        let user = user.ok_or(Unauthenticated::Invalid)?;
        self.opened(&user, &password).await
    }

    /// Enables or disables the user's key.
    ///
    /// # Errors
    /// [`crate::Problem::PasswordWrong`]; [`Conflict::CredentialsChanged`]; [`Error::TooManyAttempts`].
    pub async fn enable_global_key(
        &self,
        permit: &UserPermit<ManageUser>,
        password: SecretValue,
        enabled: bool,
    ) -> Result<()> {
        let asked = asked(Action::Update, "enable or disable the global API key");
        self.confirm(permit, &Arc::new(password), asked).await?;
        let details = json!({
            "before": { "global_key_enabled": permit.user.global_key_enabled },
            "after": { "global_key_enabled": enabled },
        });
        self.change_key(permit, details, (), move |user| {
            user.global_key_enabled = enabled;
        })
        .await
    }

    /// Changes the user's key, unless its password or it itself was changed since the request came.
    async fn change_key<T>(
        &self,
        permit: &UserPermit<ManageUser>,
        details: Value,
        result: T,
        change: impl Fn(&mut UserRow) + Send + Sync + 'static,
    ) -> Result<T>
    where
        T: serde::Serialize + serde::de::DeserializeOwned + Copy + Send + Sync + 'static,
    {
        let now = self.clock.now();
        let about = about(permit, Action::Update, details);
        let event = self.event(&permit.caller, None, about);
        let (permit, change) = (permit.clone(), Arc::new(change));
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (permit, change, event) = (permit.clone(), Arc::clone(&change), event.clone());
            Box::pin(async move {
                let mut user = unchanged(tx, &permit.user).await?;
                change(&mut user);
                user.modified_at = now;
                users::update_credentials(tx, &user).await?;
                Ok(Written::new(result, event))
            })
        })
        .await
    }

    /// The user's key, opened with the password.
    async fn opened(&self, user: &UserRow, password: &Arc<SecretValue>) -> Result<TokenText> {
        let sealed = user.global_key_sealed.as_ref();
        let sealed = sealed.ok_or(Conflict::GlobalKeyNotKept)?;
        self.passwords.open(user.id, password, sealed).await
    }
}

/// The user's row now, if password and key are still what they were.
async fn unchanged(tx: &mut Tx<'_>, before: &UserRow) -> Result<UserRow> {
    let found = users::find(tx, before.id).await?;
    let user = found.filter(|user| {
        user.password_hash == before.password_hash
            && user.global_key_mac == before.global_key_mac
            && user.global_key_enabled == before.global_key_enabled
    });
    user.ok_or_else(|| Conflict::CredentialsChanged.into())
}

const fn asked(action: Action, purpose: &'static str) -> Asked {
    Asked {
        action,
        purpose,
        pointer: PASSWORD,
    }
}

fn about(permit: &UserPermit<ManageUser>, action: Action, details: Value) -> About {
    About {
        action,
        resource_kind: ResourceKind::User,
        resource_id: permit.user_id().to_string(),
        details,
    }
}
