//! Changing one's password.

use std::sync::Arc;

use coffer_crypto::SecretValue;
use coffer_store::rows::{sessions, users};
use coffer_store::{Tx, Written};
use coffer_types::audit::{Action, ResourceKind};
use serde_json::json;

use super::check;
use super::confirm::Asked;
use crate::authorize::{ManageUser, UserPermit};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Problem, Result};
use crate::mutate::About;

/// What is kept of a changed password.
struct Changed {
    password_hash: String,
    global_key_sealed: Option<Vec<u8>>,
}

impl Engine {
    /// Changes the password of the user who asks, ends all the user's other sessions, and gives how many.
    ///
    /// # Errors
    /// [`Error::Invalid`] at the field that is wrong; [`Error::TooManyAttempts`];
    /// [`Conflict::CredentialsChanged`].
    pub async fn change_password(
        &self,
        permit: &UserPermit<ManageUser>,
        current: SecretValue,
        new: SecretValue,
    ) -> Result<u32> {
        if let Some(ended) = self.repeated(&permit.caller).await? {
            return Ok(ended);
        }
        check(&new, &permit.user.email, "/new_password")?;
        let (current, new) = (Arc::new(current), Arc::new(new));
        let asked = Asked {
            action: Action::Update,
            purpose: "change the password",
            pointer: "/current_password",
        };
        self.confirm(permit, &current, asked).await?;
        if current.expose_secret() == new.expose_secret() {
            return Err(Error::invalid("/new_password", Problem::PasswordUnchanged));
        }
        let changed = Arc::new(Changed {
            password_hash: self.passwords.hash(&new).await?,
            global_key_sealed: self.resealed(permit, &current, &new).await?,
        });
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit, changed) = (engine.clone(), permit.clone(), Arc::clone(&changed));
            Box::pin(async move {
                let ended = engine.keep_changed(tx, &permit, &changed).await?;
                let about = About {
                    action: Action::Update,
                    resource_kind: ResourceKind::User,
                    resource_id: permit.user_id().to_string(),
                    details: json!({ "password_modified": true, "sessions_ended": ended }),
                };
                Ok(Written::new(
                    ended,
                    engine.event(&permit.caller, None, about),
                ))
            })
        })
        .await
    }

    /// The user's global API key, sealed under the new password instead of the current one.
    async fn resealed(
        &self,
        permit: &UserPermit<ManageUser>,
        current: &Arc<SecretValue>,
        new: &Arc<SecretValue>,
    ) -> Result<Option<Vec<u8>>> {
        let Some(sealed) = &permit.user.global_key_sealed else {
            return Ok(None);
        };
        let user_id = permit.user_id();
        let key = match self.passwords.open(user_id, current, sealed).await {
            Ok(key) => key,
            // A key that cannot be shown any more is no reason to keep an old password.
            Err(Error::Internal(error)) => {
                tracing::error!(%user_id, error, "the global API key is damaged; it can be used, but not shown");
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let random = self.random.as_ref();
        let sealed = self.passwords.seal(user_id, new, &key, random).await?;
        Ok(Some(sealed))
    }

    /// Keeps the password, unless it or the key was changed since the request came, and ends other sessions.
    async fn keep_changed(
        &self,
        tx: &mut Tx<'_>,
        permit: &UserPermit<ManageUser>,
        changed: &Changed,
    ) -> Result<u32> {
        let mut user = users::find(tx, permit.user_id())
            .await?
            .filter(|user| {
                user.password_hash == permit.user.password_hash
                    && user.global_key_sealed == permit.user.global_key_sealed
            })
            .ok_or(Conflict::CredentialsChanged)?;
        user.password_hash.clone_from(&changed.password_hash);
        user.global_key_sealed
            .clone_from(&changed.global_key_sealed);
        user.modified_at = self.clock.now();
        users::update_credentials(tx, &user).await?;
        let current = permit.caller.actor.session;
        Ok(sessions::delete_of_user(tx, permit.user_id(), current).await?)
    }
}
