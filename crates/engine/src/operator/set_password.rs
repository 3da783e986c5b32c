//! Giving a user another password, without the one before.

use std::sync::Arc;

use coffer_crypto::SecretValue;
use coffer_store::rows::sessions;
use coffer_store::rows::users::{self, UserRow};
use coffer_store::{Tx, Written};
use coffer_types::Email;
use coffer_types::audit::{Action, ResourceKind};
use serde_json::json;

use super::Operator;
use crate::error::{Conflict, Missing, Result};
use crate::mutate::About;
use crate::passwords;
use crate::provision::generated_password;

impl Operator {
    /// Gives a user this password, or a generated one, which is given back to be told once; ends the user's sessions
    /// and gives how many there were. The second factor stays. Nobody can open the text of the global API key without
    /// the password that sealed it: the key works on, and is shown again after it is rolled.
    ///
    /// # Errors
    /// [`Missing::User`]; [`crate::Error::Invalid`] for a password that is none; [`Conflict::CredentialsChanged`].
    pub async fn set_password(
        &self,
        email: &Email,
        password: Option<SecretValue>,
    ) -> Result<(u32, Option<SecretValue>)> {
        let parts = self.installation();
        let mut reader = parts.store.reader().await?;
        let user = users::with_email(&mut reader, email).await?;
        drop(reader);
        let before = user.ok_or(Missing::User)?;
        let (chosen, generated) = match password {
            Some(password) => (password, None),
            None => {
                let made = generated_password(parts.random.as_ref());
                let told = SecretValue::new(made.expose_secret().to_owned());
                (made, Some(told))
            }
        };
        passwords::check(&chosen, email, "/password")?;
        let after = Arc::new(self.with_password(before.clone(), Arc::new(chosen)).await?);
        let (operator, before) = (self.clone(), Arc::new(before));
        let ended = parts
            .store
            .write(move |tx| {
                let (operator, before, after) =
                    (operator.clone(), Arc::clone(&before), Arc::clone(&after));
                Box::pin(async move { operator.keep_password(tx, &before, &after).await })
            })
            .await?;
        Ok((ended, generated))
    }

    /// The user with this password. A first one comes with a global API key that it opens.
    async fn with_password(
        &self,
        mut user: UserRow,
        password: Arc<SecretValue>,
    ) -> Result<UserRow> {
        let random = self.installation().random.as_ref();
        user.modified_at = self.now();
        if user.password_hash.is_empty() {
            let kept = self.0.passwords.first(user.id, &password, random).await?;
            user.password_hash = kept.password_hash;
            user.global_key_mac = kept.global_key.mac;
            user.global_key_enabled = true;
            user.global_key_sealed = Some(kept.global_key.sealed);
        } else {
            user.password_hash = self.0.passwords.hash(&password).await?;
            user.global_key_sealed = None;
        }
        Ok(user)
    }

    async fn keep_password(
        &self,
        tx: &mut Tx<'_>,
        before: &UserRow,
        after: &UserRow,
    ) -> Result<Written<u32>> {
        let same = users::find(tx, before.id).await?.is_some_and(|now| {
            now.password_hash == before.password_hash
                && now.global_key_sealed == before.global_key_sealed
        });
        if !same {
            return Err(Conflict::CredentialsChanged.into());
        }
        users::update_credentials(tx, after).await?;
        let ended = sessions::delete_of_user(tx, before.id, None).await?;
        let about = About {
            action: Action::Update,
            resource_kind: ResourceKind::User,
            resource_id: before.id.to_string(),
            details: json!({ "password_modified": true, "sessions_ended": ended }),
        };
        Ok(Written::new(ended, self.event(None, about)))
    }
}
