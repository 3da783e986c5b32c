//! Signing in in two steps.

use std::sync::Arc;

use coffer_crypto::SecretValue;
use coffer_store::rows::users::{self, UserRow};
use coffer_types::limits::SECOND_STEP_MINUTES;
use coffer_types::{Timestamp, UserId};

use crate::actor::RequestMeta;
use crate::attempts::{Attempt, AttemptKind};
use crate::engine::Engine;
use crate::error::{Error, Result, Unauthenticated};
use crate::sessions::SignedIn;

/// Begins what is authenticated, so that no pending sign-in is also the code of something else.
const PURPOSE: &[u8] = b"second step ";
const PENDING_MICROS: i64 = SECOND_STEP_MINUTES * 60 * 1_000_000;

/// How far signing in with a password led.
#[derive(Debug)]
pub enum SignInStep {
    /// To a session.
    SignedIn(SignedIn),
    /// To the question for a code.
    SecondFactor(PendingSignIn),
}

/// Says that a user's password was right a moment ago. It is no session and opens nothing; whoever has it may try
/// codes, as often as passwords may be tried.
pub struct PendingSignIn(SecretValue);

impl PendingSignIn {
    /// The text, for a form that sends it back.
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

/// What came back in a form. Whether it is right is seen when it is used.
impl From<SecretValue> for PendingSignIn {
    fn from(text: SecretValue) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for PendingSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PendingSignIn")
    }
}

impl Engine {
    /// What to ask a user with a second factor, whose password was right, for the code with.
    pub(crate) fn pending_sign_in(&self, user: &UserRow) -> PendingSignIn {
        let until = self.clock.now().plus_micros(PENDING_MICROS);
        let message = pending_message(user, until);
        let code = self
            .session_mac
            .sign_parts(message.iter().map(Vec::as_slice));
        let code = hex::encode(code);
        let text = format!("{}.{}.{code}", user.id, until.as_micros());
        PendingSignIn(SecretValue::new(text))
    }

    /// Signs in with a code of the second factor, or a recovery code, after the password was right.
    ///
    /// # Errors
    /// [`Unauthenticated::SecondStepLate`] if that was too long ago, or the password was changed since;
    /// [`Unauthenticated::SecondFactor`] for a wrong code; [`Error::TooManyAttempts`].
    pub async fn finish_sign_in(
        &self,
        request: RequestMeta,
        pending: &PendingSignIn,
        code: SecretValue,
    ) -> Result<SignedIn> {
        let user = self.pending_user(pending).await?;
        let attempt = Attempt {
            kind: AttemptKind::Login,
            address: request.ip,
            name: Some(user.email.as_str()),
        };
        self.attempts.check(&attempt)?;
        let Some(proof) = self.proof_of(user.id, &code).await? else {
            let error = match self.attempts.failed(&attempt) {
                limited @ Error::TooManyAttempts { .. } => limited,
                _ => Unauthenticated::SecondFactor.into(),
            };
            self.tell_of_refusal(Arc::clone(&user), request, &error, "wrong code");
            return Err(error);
        };
        self.attempts.succeeded(&attempt)?;
        self.begin_session(user, None, Some(proof), request).await
    }

    /// The user whose password was right.
    async fn pending_user(&self, pending: &PendingSignIn) -> Result<Arc<UserRow>> {
        let late = Error::from(Unauthenticated::SecondStepLate);
        let mut parts = pending.expose_secret().split('.');
        let (Some(id), Some(until), Some(code)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(late);
        };
        let (Ok(id), Ok(until), Ok(code)) =
            (id.parse::<UserId>(), until.parse(), hex::decode(code))
        else {
            return Err(late);
        };
        let until = Timestamp::from_micros(until);
        if until <= self.clock.now() {
            return Err(late);
        }
        let user = users::find(&mut self.store.reader().await?, id).await?;
        let Some(user) = user else {
            return Err(late);
        };
        let message = pending_message(&user, until).concat();
        if self.session_mac.verify(&message, &code) {
            Ok(Arc::new(user))
        } else {
            Err(late)
        }
    }
}

/// The password's hash is in it, so a change of the password ends the wait.
fn pending_message(user: &UserRow, until: Timestamp) -> [Vec<u8>; 4] {
    [
        PURPOSE.to_vec(),
        user.id.as_bytes().to_vec(),
        until.as_micros().to_be_bytes().to_vec(),
        user.password_hash.as_bytes().to_vec(),
    ]
}
