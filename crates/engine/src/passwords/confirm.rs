//! Asking for the password once more, before something that a stolen session or token must not do.

use std::sync::Arc;

use coffer_crypto::SecretValue;
use coffer_types::audit::{Action, ResourceKind};
use serde_json::json;

use crate::attempts::{Attempt, AttemptKind};
use crate::authorize::{ManageUser, UserPermit};
use crate::engine::Engine;
use crate::error::{Error, Problem, Result};
use crate::mutate::About;

/// What the password is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// What is to be done.
    pub(crate) action: Action,
    /// The same in the audit log's details.
    pub(crate) purpose: &'static str,
    /// The field of the request that holds the password.
    pub(crate) pointer: &'static str,
}

impl Engine {
    /// Whether the password is that of the user who asks.
    ///
    /// # Errors
    /// [`Problem::PasswordWrong`] at the field of the password, which the audit log learns of;
    /// [`Error::TooManyAttempts`].
    pub(crate) async fn confirm(
        &self,
        permit: &UserPermit<ManageUser>,
        password: &Arc<SecretValue>,
        asked: Asked,
    ) -> Result<()> {
        let attempt = Attempt {
            kind: AttemptKind::Login,
            address: permit.caller.request.ip,
            name: Some(permit.user.email.as_str()),
        };
        self.attempts.check(&attempt)?;
        if self.passwords.is_of(Some(&permit.user), password).await? {
            return self.attempts.succeeded(&attempt);
        }
        let about = About {
            action: asked.action,
            resource_kind: ResourceKind::User,
            resource_id: permit.user_id().to_string(),
            details: json!({ "purpose": asked.purpose, "reason": "wrong password" }),
        };
        // Counted before it is written, or many at once would all be let by meanwhile.
        let (error, status) = match self.attempts.failed(&attempt) {
            limited @ Error::TooManyAttempts { .. } => (limited, 429),
            _ => (Error::invalid(asked.pointer, Problem::PasswordWrong), 400),
        };
        self.record(self.refusal(&permit.caller, status, about))
            .await?;
        Err(error)
    }
}
