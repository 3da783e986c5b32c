//! Setting an authenticator app up.

use std::sync::Arc;

use coffer_crypto::{OneTimeSecret, SecretValue};
use coffer_store::rows::second_factors::{self, SecondFactorRow};
use coffer_store::{Rows, Written};
use coffer_types::audit::Action;
use coffer_types::limits::{ENROLMENT_MINUTES, RECOVERY_CODES};
use serde_json::json;

use super::{NewSecondFactor, PASSWORD, about};
use crate::attempts::{Attempt, AttemptKind};
use crate::authorize::{ManageUser, UserPermit};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Result};
use crate::passwords::Asked;

const ENROLMENT_MICROS: i64 = ENROLMENT_MINUTES * 60 * 1_000_000;
/// Random bytes of a recovery code: 80 bits, which no rate of guessing finds.
const CODE_BYTES: usize = 10;
/// What recovery codes are written with: no letter that looks like another.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// Recovery codes, told once.
#[derive(Debug)]
pub struct RecoveryCodes(Vec<SecretValue>);

impl RecoveryCodes {
    /// The codes.
    pub fn all(&self) -> &[SecretValue] {
        &self.0
    }
}

impl Engine {
    /// Makes a secret for an authenticator app of the user who asks. It counts once a code of it is entered, within
    /// some minutes.
    ///
    /// # Errors
    /// [`crate::Problem::PasswordWrong`]; [`Error::TooManyAttempts`]; [`Conflict::SecondFactorOn`].
    pub async fn begin_second_factor(
        &self,
        permit: &UserPermit<ManageUser>,
        password: SecretValue,
    ) -> Result<NewSecondFactor> {
        let asked = Asked {
            action: Action::Update,
            purpose: "set up a second factor",
            pointer: PASSWORD,
        };
        self.confirm(permit, &Arc::new(password), asked).await?;
        let secret = OneTimeSecret::generate(self.random.as_ref());
        let row = SecondFactorRow {
            user_id: permit.user_id(),
            secret_sealed: self
                .one_time
                .seal(permit.user_id(), &secret, self.random.as_ref())?,
            last_step: 0,
            created_at: self.clock.now(),
            confirmed_at: None,
        };
        let event = self.event(
            &permit.caller,
            None,
            about(permit, json!({ "second_factor": "begun" })),
        );
        let begun = Arc::new((row, event));
        self.mutate(&permit.caller, move |tx| {
            let begun = Arc::clone(&begun);
            Box::pin(async move {
                let (row, event) = &*begun;
                let before = second_factors::find(tx, row.user_id).await?;
                if before.is_some_and(|before| before.confirmed_at.is_some()) {
                    return Err(Conflict::SecondFactorOn.into());
                }
                second_factors::put(tx, row).await?;
                Ok(Written::new((), event.clone()))
            })
        })
        .await?;
        Ok(NewSecondFactor {
            secret: secret.to_base32(),
        })
    }

    /// The secret that the user who asks is about to confirm, once more.
    ///
    /// # Errors
    /// [`Conflict::NoEnrolment`] if there is none, or it was begun too long ago.
    pub async fn begun_second_factor(
        &self,
        permit: &UserPermit<ManageUser>,
    ) -> Result<NewSecondFactor> {
        let row = self.begun(&mut self.store.reader().await?, permit).await?;
        let secret = self.one_time.open(row.user_id, &row.secret_sealed)?;
        Ok(NewSecondFactor {
            secret: secret.to_base32(),
        })
    }

    /// Lets the app count, and gives the recovery codes. The user's other sessions go on.
    ///
    /// # Errors
    /// [`crate::Problem::CodeWrong`]; [`Conflict::NoEnrolment`]; [`Error::TooManyAttempts`].
    pub async fn confirm_second_factor(
        &self,
        permit: &UserPermit<ManageUser>,
        code: SecretValue,
    ) -> Result<RecoveryCodes> {
        let attempt = Attempt {
            kind: AttemptKind::Login,
            address: permit.caller.request.ip,
            name: Some(permit.user.email.as_str()),
        };
        self.attempts.check(&attempt)?;
        let row = self.begun(&mut self.store.reader().await?, permit).await?;
        let Some(step) = self.step_of(&row, &code)? else {
            let asked = Asked {
                action: Action::Update,
                purpose: "set up a second factor",
                pointer: PASSWORD,
            };
            return Err(self.wrong_code(permit, asked).await?);
        };
        let codes = self.new_recovery_codes();
        let macs = self.recovery_macs(permit, &codes);
        let now = self.clock.now();
        let event = self.event(
            &permit.caller,
            None,
            about(permit, json!({ "second_factor": "enabled" })),
        );
        let confirmed = Arc::new((row, macs, event));
        self.mutate(&permit.caller, move |tx| {
            let confirmed = Arc::clone(&confirmed);
            Box::pin(async move {
                let (row, macs, event) = &*confirmed;
                let found = second_factors::find(tx, row.user_id).await?;
                let is_same = found.is_some_and(|found| {
                    found.confirmed_at.is_none() && found.secret_sealed == row.secret_sealed
                });
                if !is_same || !second_factors::use_step(tx, row.user_id, step).await? {
                    return Err(Conflict::NoEnrolment.into());
                }
                second_factors::confirm(tx, row.user_id, now).await?;
                second_factors::put_recovery_codes(tx, row.user_id, macs).await?;
                Ok(Written::new((), event.clone()))
            })
        })
        .await?;
        Ok(codes)
    }

    async fn begun(
        &self,
        rows: &mut impl Rows,
        permit: &UserPermit<ManageUser>,
    ) -> Result<SecondFactorRow> {
        let now = self.clock.now();
        let found = second_factors::find(rows, permit.user_id()).await?;
        let found = found.filter(|row| {
            row.confirmed_at.is_none() && now < row.created_at.plus_micros(ENROLMENT_MICROS)
        });
        found.ok_or_else(|| Error::from(Conflict::NoEnrolment))
    }

    pub(super) fn new_recovery_codes(&self) -> RecoveryCodes {
        let code = || {
            let mut bytes = [0; CODE_BYTES];
            self.random.fill(&mut bytes);
            let bits = bytes
                .iter()
                .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
            let mut text = String::with_capacity(CODE_BYTES * 8 / 5 + 3);
            for place in 0..CODE_BYTES * 8 / 5 {
                if place > 0 && place % 4 == 0 {
                    text.push('-');
                }
                let letter = usize::try_from(bits >> (place * 5) & 31).unwrap_or(0);
                text.push(char::from(ALPHABET[letter]));
            }
            SecretValue::new(text)
        };
        RecoveryCodes((0..RECOVERY_CODES).map(|_| code()).collect())
    }

    pub(super) fn recovery_macs(
        &self,
        permit: &UserPermit<ManageUser>,
        codes: &RecoveryCodes,
    ) -> Vec<Vec<u8>> {
        let codes = codes.0.iter();
        codes
            .map(|code| self.recovery_mac(permit.user_id(), code))
            .collect()
    }
}
