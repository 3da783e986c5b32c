//! Signing in with a passkey.

use std::sync::Arc;

use coffer_crypto::{AuthenticatorData, PasskeyKey};
use coffer_store::Tx;
use coffer_store::rows::passkeys::{self, PasskeyRow};
use coffer_store::rows::users::UserRow;
use coffer_types::limits::{
    MAX_AUTHENTICATOR_DATA_BYTES, MAX_CREDENTIAL_ID_BYTES, MAX_PASSKEY_SIGNATURE_BYTES,
};
use coffer_types::{PasskeyId, PasskeyName, Timestamp, UserId};

use super::challenge::{Challenge, Purpose};
use super::client_data::{Ceremony, challenge_of};
use super::{PasskeyRefusal, PasskeySite, check_authenticator};
use crate::actor::RequestMeta;
use crate::attempts::{Attempt, AttemptKind};
use crate::engine::Engine;
use crate::error::{Error, Result, Unauthenticated};
use crate::second_factor::Proof;
use crate::sessions::SignedIn;

/// What a browser sends of a passkey that signed.
#[derive(Debug)]
pub struct PasskeyAnswer {
    /// What its authenticator knows it by.
    pub credential_id: Vec<u8>,
    /// Whose it is, as the passkey was told when it was made.
    pub user_handle: Vec<u8>,
    /// What the browser says of the page that asked, as JSON.
    pub client_data: Vec<u8>,
    /// What the authenticator says.
    pub authenticator_data: Vec<u8>,
    /// The signature over both.
    pub signature: Vec<u8>,
}

/// A passkey that signed rightly. It counts when it is used up.
#[derive(Clone, Debug)]
pub(crate) struct PasskeyUse {
    pub(crate) id: PasskeyId,
    pub(crate) name: PasskeyName,
    counts: (u32, u32),
    at: Timestamp,
}

impl PasskeyUse {
    /// Keeps the count; `false` if the passkey was removed or used meanwhile.
    pub(crate) async fn use_up(&self, tx: &mut Tx<'_>, user_id: UserId) -> Result<bool> {
        let passkey = (user_id, self.id);
        Ok(passkeys::note_use(tx, passkey, self.counts, self.at).await?)
    }
}

impl Engine {
    /// What a passkey signs to sign in, whosever it is.
    pub fn passkey_challenge(&self) -> String {
        self.new_challenge(Purpose::SignIn)
    }

    /// Signs in the owner of a passkey. Neither password nor code is asked for.
    ///
    /// # Errors
    /// [`Unauthenticated::Passkey`]; [`Error::TooManyAttempts`].
    pub async fn sign_in_with_passkey(
        &self,
        request: RequestMeta,
        site: &PasskeySite,
        answer: PasskeyAnswer,
    ) -> Result<SignedIn> {
        // No name: nobody finds a key by trying, and whoever tries passwords must not keep a passkey's owner out.
        let mut attempt = Attempt {
            kind: AttemptKind::Login,
            address: request.ip,
            name: None,
        };
        self.attempts.check(&attempt)?;
        let challenge = match self.challenge_in(site, &answer) {
            Ok(challenge) => challenge,
            Err(refusal) => return Err(self.failed_with_passkey(&attempt, refusal)),
        };
        let found = self.passkey_of(&answer).await?;
        let Some((passkey, user)) = found else {
            return Err(self.failed_with_passkey(&attempt, PasskeyRefusal::Unknown));
        };
        let used = match self.used(&passkey, site, &answer) {
            Ok(used) if self.answer_challenge(challenge)? => used,
            refused => {
                let refusal = refused.err().unwrap_or(PasskeyRefusal::Late);
                let error = self.failed_with_passkey(&attempt, refusal);
                self.tell_of_refusal(user, request, &error, reason(refusal));
                return Err(error);
            }
        };
        attempt.name = Some(user.email.as_str());
        self.attempts.make_familiar(&attempt);
        let proof = Proof::Passkey(used);
        self.begin_session(user, None, Some(proof), request).await
    }

    /// The challenge that was answered, of a page of this site.
    fn challenge_in(
        &self,
        site: &PasskeySite,
        answer: &PasskeyAnswer,
    ) -> Result<Challenge, PasskeyRefusal> {
        let fits = answer.credential_id.len() <= MAX_CREDENTIAL_ID_BYTES
            && answer.authenticator_data.len() <= MAX_AUTHENTICATOR_DATA_BYTES
            && answer.signature.len() <= MAX_PASSKEY_SIGNATURE_BYTES;
        if !fits {
            return Err(PasskeyRefusal::Malformed);
        }
        let challenge = challenge_of(&answer.client_data, Ceremony::Get, site)?;
        self.open_challenge(Purpose::SignIn, &challenge)
    }

    async fn passkey_of(
        &self,
        answer: &PasskeyAnswer,
    ) -> Result<Option<(PasskeyRow, Arc<UserRow>)>> {
        let mut reader = self.store.reader().await?;
        let found = passkeys::with_credential(&mut reader, &answer.credential_id).await?;
        let Some(passkey) = found else {
            return Ok(None);
        };
        drop(reader);
        let user = self.store.user(passkey.user_id).await?;
        Ok(user.map(|user| (passkey, user)))
    }

    /// Sees that the passkey signed, and is still what it was.
    fn used(
        &self,
        passkey: &PasskeyRow,
        site: &PasskeySite,
        answer: &PasskeyAnswer,
    ) -> Result<PasskeyUse, PasskeyRefusal> {
        let data = AuthenticatorData::parse(&answer.authenticator_data)?;
        check_authenticator(&data, site)?;
        let is_same = answer.user_handle == passkey.user_id.as_bytes()
            && data.is_backup_eligible() == passkey.is_backup_eligible;
        if !is_same {
            return Err(PasskeyRefusal::Changed);
        }
        let key = PasskeyKey::parse(&passkey.public_key)?;
        let (data_bytes, client_data) = (&answer.authenticator_data, &answer.client_data);
        if !key.verify(data_bytes, client_data, &answer.signature) {
            return Err(PasskeyRefusal::Signature);
        }
        // One that has ever counted must count on.
        let counts = (passkey.sign_count, data.sign_count);
        if counts != (0, 0) && counts.1 <= counts.0 {
            return Err(PasskeyRefusal::Counter);
        }
        Ok(PasskeyUse {
            id: passkey.id,
            name: passkey.name.clone(),
            counts,
            at: self.clock.now(),
        })
    }

    fn failed_with_passkey(&self, attempt: &Attempt<'_>, refusal: PasskeyRefusal) -> Error {
        match self.attempts.failed(attempt) {
            limited @ Error::TooManyAttempts { .. } => limited,
            _ => Unauthenticated::Passkey(refusal).into(),
        }
    }
}

/// The words of the audit log.
const fn reason(refusal: PasskeyRefusal) -> &'static str {
    match refusal {
        PasskeyRefusal::Counter => {
            "passkey: the signature counter went back, so there may be a copy"
        }
        PasskeyRefusal::Signature => "passkey: wrong signature",
        PasskeyRefusal::Late => "passkey: a challenge that was answered before",
        PasskeyRefusal::Elsewhere => "passkey: for another site",
        PasskeyRefusal::Unverified => "passkey: the user was not verified",
        PasskeyRefusal::Malformed
        | PasskeyRefusal::Algorithm
        | PasskeyRefusal::Unknown
        | PasskeyRefusal::Changed => "passkey: not what it was when it was added",
    }
}
