//! Removing the second factor, and making new recovery codes.

use std::sync::Arc;

use coffer_crypto::SecretValue;
use coffer_store::Written;
use coffer_store::rows::second_factors;
use coffer_types::audit::Action;
use serde_json::json;

use super::{PASSWORD, RecoveryCodes, about};
use crate::authorize::{ManageUser, UserPermit};
use crate::engine::Engine;
use crate::error::{Conflict, Result};
use crate::passwords::Asked;

impl Engine {
    /// Removes the second factor of the user who asks, and its recovery codes.
    ///
    /// # Errors
    /// [`crate::Problem::PasswordWrong`]; [`crate::Problem::CodeWrong`]; [`crate::Error::TooManyAttempts`];
    /// [`Conflict::CredentialsChanged`].
    pub async fn remove_second_factor(
        &self,
        permit: &UserPermit<ManageUser>,
        password: SecretValue,
        code: SecretValue,
    ) -> Result<()> {
        let asked = asked("remove the second factor");
        let proof = self.confirm_both(permit, password, &code, asked).await?;
        let details = json!({ "second_factor": "disabled", "confirmed_by": proof.kind() });
        let event = self.event(&permit.caller, None, about(permit, details));
        let (user_id, removed) = (permit.user_id(), Arc::new((proof, event)));
        self.mutate(&permit.caller, move |tx| {
            let removed = Arc::clone(&removed);
            Box::pin(async move {
                let (proof, event) = &*removed;
                if !proof.use_up(tx, user_id).await? {
                    return Err(Conflict::CredentialsChanged.into());
                }
                second_factors::delete(tx, user_id).await?;
                Ok(Written::new((), event.clone()))
            })
        })
        .await
    }

    /// Makes new recovery codes for the user who asks; those before are refused from then on.
    ///
    /// # Errors
    /// [`crate::Problem::PasswordWrong`]; [`crate::Problem::CodeWrong`]; [`crate::Error::TooManyAttempts`];
    /// [`Conflict::CredentialsChanged`].
    pub async fn renew_recovery_codes(
        &self,
        permit: &UserPermit<ManageUser>,
        password: SecretValue,
        code: SecretValue,
    ) -> Result<RecoveryCodes> {
        let asked = asked("make new recovery codes");
        let proof = self.confirm_both(permit, password, &code, asked).await?;
        let codes = self.new_recovery_codes();
        let macs = self.recovery_macs(permit, &codes);
        let details =
            json!({ "second_factor": "recovery codes renewed", "confirmed_by": proof.kind() });
        let event = self.event(&permit.caller, None, about(permit, details));
        let (user_id, renewed) = (permit.user_id(), Arc::new((proof, macs, event)));
        self.mutate(&permit.caller, move |tx| {
            let renewed = Arc::clone(&renewed);
            Box::pin(async move {
                let (proof, macs, event) = &*renewed;
                if !proof.use_up(tx, user_id).await? {
                    return Err(Conflict::CredentialsChanged.into());
                }
                second_factors::put_recovery_codes(tx, user_id, macs).await?;
                Ok(Written::new((), event.clone()))
            })
        })
        .await?;
        Ok(codes)
    }
}

const fn asked(purpose: &'static str) -> Asked {
    Asked {
        action: Action::Update,
        purpose,
        pointer: PASSWORD,
    }
}
