//! Adding a passkey.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use coffer_crypto::{AuthenticatorData, SecretValue, authenticator_data_of};
use coffer_store::rows::passkeys::{self, PasskeyRow};
use coffer_store::{StoreError, Tx, Written};
use coffer_types::audit::Action;
use coffer_types::limits::{MAX_ATTESTATION_BYTES, PASSKEYS_PER_USER};
use coffer_types::{PasskeyId, PasskeyName, UserId};
use serde_json::json;

use super::challenge::{Challenge, Purpose};
use super::client_data::{Ceremony, challenge_of};
use super::own::about;
use super::{PasskeyRefusal, PasskeySite, check_authenticator};
use crate::authorize::{ManageUser, UserPermit};
use crate::engine::Engine;
use crate::error::{Conflict, Error, Limit, Problem, Result};
use crate::passwords::Asked;

/// The field of what a browser sent.
const PASSKEY: &str = "/passkey";
const ASKED: Asked = Asked {
    action: Action::Update,
    purpose: "add a passkey",
    pointer: "/password",
};

/// What a browser is asked to make a passkey with. Bytes are in URL-safe Base64 without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyOffer {
    /// What the passkey answers.
    pub challenge: String,
    /// What the passkey tells of its owner: the user's id.
    pub user_handle: String,
    /// The credentials that the user has, so that no authenticator gets a second one.
    pub held: Vec<String>,
}

/// What a browser sends of a passkey that was made.
#[derive(Debug)]
pub struct NewPasskey {
    /// What its owner calls it.
    pub name: PasskeyName,
    /// What the browser says of the page that asked, as JSON.
    pub client_data: Vec<u8>,
    /// What the authenticator says of the credential, as CBOR.
    pub attestation: Vec<u8>,
}

impl Engine {
    /// Begins to add a passkey of the user who asks, with the password, and a code if there is a second factor.
    ///
    /// # Errors
    /// [`Problem::PasswordWrong`]; [`Problem::CodeWrong`]; [`Error::TooManyAttempts`]; [`Limit::Passkeys`].
    pub async fn begin_passkey(
        &self,
        permit: &UserPermit<ManageUser>,
        password: SecretValue,
        code: SecretValue,
    ) -> Result<PasskeyOffer> {
        let proof = if permit.user.has_second_factor {
            let proof = self.confirm_both(permit, password, &code, ASKED).await?;
            Some(proof)
        } else {
            self.confirm(permit, &Arc::new(password), ASKED).await?;
            None
        };
        let user_id = permit.user_id();
        let held = passkeys::of_user(&mut self.store.reader().await?, user_id).await?;
        check_room(held.len())?;
        let event = self.event(
            &permit.caller,
            None,
            about(permit, json!({ "passkey": "begun" })),
        );
        let begun = Arc::new((proof, event));
        self.mutate(&permit.caller, move |tx| {
            let begun = Arc::clone(&begun);
            Box::pin(async move {
                let (proof, event) = &*begun;
                if let Some(proof) = proof
                    && !proof.use_up(tx, user_id).await?
                {
                    return Err(Conflict::CredentialsChanged.into());
                }
                Ok(Written::new((), event.clone()))
            })
        })
        .await?;
        let held = held.iter();
        Ok(PasskeyOffer {
            challenge: self.new_challenge(adding(permit)),
            user_handle: URL_SAFE_NO_PAD.encode(user_id.as_bytes()),
            held: held
                .map(|row| URL_SAFE_NO_PAD.encode(&row.credential_id))
                .collect(),
        })
    }

    /// Adds the passkey that a browser made for what [`begin_passkey`](Self::begin_passkey) asked.
    ///
    /// # Errors
    /// [`Problem::Passkey`]; [`Conflict::PasskeyKnown`]; [`Limit::Passkeys`].
    pub async fn add_passkey(
        &self,
        permit: &UserPermit<ManageUser>,
        site: &PasskeySite,
        new: NewPasskey,
    ) -> Result<PasskeyId> {
        let refused = |refusal| Error::invalid(PASSKEY, Problem::Passkey(refusal));
        let (row, challenge) = self.checked(permit, site, new).map_err(refused)?;
        if !self.answer_challenge(challenge)? {
            return Err(refused(PasskeyRefusal::Late));
        }
        let id = row.id;
        let details = json!({
            "passkey": "added",
            "passkey_id": id,
            "after": { "name": row.name, "synced": row.is_backup_eligible },
        });
        let event = self.event(&permit.caller, None, about(permit, details));
        let added = Arc::new((row, event));
        self.mutate(&permit.caller, move |tx| {
            let added = Arc::clone(&added);
            Box::pin(async move {
                let (row, event) = &*added;
                keep(tx, row).await?;
                Ok(Written::new((), event.clone()))
            })
        })
        .await?;
        Ok(id)
    }

    /// The row of a passkey that is what it should be, and the challenge that it answers.
    fn checked(
        &self,
        permit: &UserPermit<ManageUser>,
        site: &PasskeySite,
        new: NewPasskey,
    ) -> Result<(PasskeyRow, Challenge), PasskeyRefusal> {
        let challenge = challenge_of(&new.client_data, Ceremony::Create, site)?;
        let challenge = self.open_challenge(adding(permit), &challenge)?;
        if new.attestation.len() > MAX_ATTESTATION_BYTES {
            return Err(PasskeyRefusal::Malformed);
        }
        let data = AuthenticatorData::parse(authenticator_data_of(&new.attestation)?)?;
        check_authenticator(&data, site)?;
        let credential = data.credential.as_ref().ok_or(PasskeyRefusal::Malformed)?;
        let row = PasskeyRow {
            id: PasskeyId::random(self.random.as_ref()),
            user_id: permit.user_id(),
            credential_id: credential.id.to_vec(),
            public_key: credential.key_bytes.to_vec(),
            name: new.name,
            sign_count: data.sign_count,
            is_backup_eligible: data.is_backup_eligible(),
            created_at: self.clock.now(),
            last_used_at: None,
        };
        Ok((row, challenge))
    }
}

fn adding(permit: &UserPermit<ManageUser>) -> Purpose {
    let user_id: UserId = permit.user_id();
    Purpose::Add(user_id, permit.caller.actor.session)
}

fn check_room(held: usize) -> Result<()> {
    if held < PASSKEYS_PER_USER as usize {
        Ok(())
    } else {
        Err(Limit::Passkeys(PASSKEYS_PER_USER).into())
    }
}

async fn keep(tx: &mut Tx<'_>, row: &PasskeyRow) -> Result<()> {
    check_room(passkeys::of_user(tx, row.user_id).await?.len())?;
    match passkeys::insert(tx, row).await {
        Err(StoreError::Taken(_)) => Err(Conflict::PasskeyKnown.into()),
        other => Ok(other?),
    }
}
