//! Checking a code: one of the app, or a recovery code.

use std::sync::Arc;

use coffer_crypto::SecretValue;
use coffer_store::Tx;
use coffer_store::rows::second_factors::{self, SecondFactorRow};
use coffer_types::UserId;
use coffer_types::audit::{Action, ResourceKind};
use coffer_types::limits::MAX_PASSWORD_BYTES;
use serde_json::json;

use super::CODE;
use crate::attempts::{Attempt, AttemptKind};
use crate::authorize::{ManageUser, UserPermit};
use crate::engine::Engine;
use crate::error::{Error, Problem, Result};
use crate::mutate::About;
use crate::passkeys::PasskeyUse;
use crate::passwords::Asked;

/// Begins what is authenticated, so that no recovery code's MAC is also the code of something else.
const PURPOSE: &[u8] = b"recovery code ";

/// A code, or a passkey, that was right when it was looked at. It counts when it is used up.
#[derive(Clone, Debug)]
pub(crate) enum Proof {
    /// The app's, for this step.
    Step(i64),
    /// A recovery code, by its MAC.
    Recovery(Vec<u8>),
    /// A passkey, which stands for the password too.
    Passkey(PasskeyUse),
}

impl Proof {
    /// The word of the audit log.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Step(_) => "authenticator",
            Self::Recovery(_) => "recovery code",
            Self::Passkey(_) => "passkey",
        }
    }

    /// Uses it up; `false` if it was used meanwhile.
    pub(crate) async fn use_up(&self, tx: &mut Tx<'_>, user_id: UserId) -> Result<bool> {
        Ok(match self {
            Self::Step(step) => second_factors::use_step(tx, user_id, *step).await?,
            Self::Recovery(mac) => second_factors::use_recovery_code(tx, user_id, mac).await?,
            Self::Passkey(passkey) => passkey.use_up(tx, user_id).await?,
        })
    }
}

impl Engine {
    /// What a code proves; `None` if it is wrong, was used before, or the user has no second factor.
    pub(crate) async fn proof_of(
        &self,
        user_id: UserId,
        code: &SecretValue,
    ) -> Result<Option<Proof>> {
        if code.len() > MAX_PASSWORD_BYTES {
            return Ok(None);
        }
        let mut reader = self.store.reader().await?;
        let found = second_factors::find(&mut reader, user_id).await?;
        let Some(row) = found.filter(|row| row.confirmed_at.is_some()) else {
            return Ok(None);
        };
        if let Some(step) = self.step_of(&row, code)? {
            return Ok(Some(Proof::Step(step)));
        }
        let mac = self.recovery_mac(user_id, code);
        let has = second_factors::has_recovery_code(&mut reader, user_id, &mac).await?;
        Ok(has.then_some(Proof::Recovery(mac)))
    }

    /// The step whose code this is and that was not used.
    pub(super) fn step_of(&self, row: &SecondFactorRow, code: &SecretValue) -> Result<Option<i64>> {
        let secret = self.one_time.open(row.user_id, &row.secret_sealed)?;
        Ok(secret.step_of(code, self.clock.now(), row.last_step))
    }

    /// The MAC of a recovery code, however its letters and spaces were typed.
    pub(super) fn recovery_mac(&self, user_id: UserId, code: &SecretValue) -> Vec<u8> {
        let letters = code.expose_secret().chars();
        let letters = letters.filter(char::is_ascii_alphanumeric);
        let code = SecretValue::new(letters.map(|one| one.to_ascii_lowercase()).collect());
        let user_id = user_id.to_string();
        let parts = [PURPOSE, user_id.as_bytes(), code.expose_secret().as_bytes()];
        self.session_mac.sign_parts(parts).to_vec()
    }

    /// Asks for password and code once more, before something that a stolen session must not do.
    ///
    /// # Errors
    /// [`Problem::PasswordWrong`] and [`Problem::CodeWrong`] at their fields, which the audit log learns of;
    /// [`Error::TooManyAttempts`].
    pub(crate) async fn confirm_both(
        &self,
        permit: &UserPermit<ManageUser>,
        password: SecretValue,
        code: &SecretValue,
        asked: Asked,
    ) -> Result<Proof> {
        self.confirm(permit, &Arc::new(password), asked).await?;
        match self.proof_of(permit.user_id(), code).await? {
            Some(proof) => Ok(proof),
            None => Err(self.wrong_code(permit, asked).await?),
        }
    }

    /// Counts a wrong code, lets the audit log know, and gives the refusal.
    pub(super) async fn wrong_code(
        &self,
        permit: &UserPermit<ManageUser>,
        asked: Asked,
    ) -> Result<Error> {
        let attempt = Attempt {
            kind: AttemptKind::Login,
            address: permit.caller.request.ip,
            name: Some(permit.user.email.as_str()),
        };
        let (error, status) = match self.attempts.failed(&attempt) {
            limited @ Error::TooManyAttempts { .. } => (limited, 429),
            _ => (Error::invalid(CODE, Problem::CodeWrong), 400),
        };
        let about = About {
            action: Action::Update,
            resource_kind: ResourceKind::User,
            resource_id: permit.user_id().to_string(),
            details: json!({ "purpose": asked.purpose, "reason": "wrong code" }),
        };
        self.record(self.refusal(&permit.caller, status, about))
            .await?;
        Ok(error)
    }
}
