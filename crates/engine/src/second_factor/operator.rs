//! Removing the second factor of a user who lost it, by the operator.

use coffer_store::Written;
use coffer_store::rows::audit::{EventActor, EventRequest, NewEvent};
use coffer_store::rows::{second_factors, sessions, users};
use coffer_types::audit::{Action, Outcome, ResourceKind};
use coffer_types::{AuditEventId, Email, RequestId};
use serde_json::json;

use crate::error::{Missing, Result};
use crate::installation::Installation;

impl Installation {
    /// Removes the second factor of the user with this address, the recovery codes with it, and ends the user's
    /// sessions: whoever had the lost device may be in one. Gives how many sessions there were. The password and the
    /// passkeys stay.
    ///
    /// # Errors
    /// [`Missing::User`] if nobody has the address; [`Missing::SecondFactor`] if the user has none.
    pub async fn remove_second_factor(&self, email: &Email) -> Result<u32> {
        let (email, now) = (email.clone(), self.clock.now());
        let (event_id, request_id) = (
            AuditEventId::random(self.random.as_ref()),
            RequestId::random(self.random.as_ref()),
        );
        self.store
            .write(move |tx| {
                let email = email.clone();
                Box::pin(async move {
                    let user = users::with_email(tx, &email).await?.ok_or(Missing::User)?;
                    if !user.has_second_factor {
                        return Err(Missing::SecondFactor.into());
                    }
                    second_factors::delete(tx, user.id).await?;
                    let ended = sessions::delete_of_user(tx, user.id, None).await?;
                    let event = NewEvent {
                        id: event_id,
                        account_id: None,
                        at: now,
                        action: Action::Update,
                        resource_kind: ResourceKind::User,
                        resource_id: user.id.to_string(),
                        actor: EventActor::operator(),
                        outcome: Outcome::Success,
                        request: EventRequest {
                            id: request_id,
                            raw: None,
                        },
                        details: json!({ "second_factor": "disabled", "sessions_ended": ended }),
                    };
                    Ok(Written::new(ended, event))
                })
            })
            .await
    }
}
