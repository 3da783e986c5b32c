//! Signing out, here or everywhere.

use std::sync::Arc;

use coffer_store::Written;
use coffer_store::rows::sessions;
use coffer_types::SessionId;
use coffer_types::audit::{Action, ResourceKind};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::authorize::{ManageUser, UserPermit};
use crate::engine::Engine;
use crate::error::{Error, Missing, Result};
use crate::mutate::About;

/// What was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How many sessions.
    pub sessions: u32,
    /// Whether the one that asked is among them.
    pub current: bool,
}

impl Engine {
    /// Ends a session of the user who asks.
    ///
    /// # Errors
    /// [`Missing::Session`] if the user has no such session.
    pub async fn end_session(
        &self,
        permit: &UserPermit<ManageUser>,
        id: SessionId,
    ) -> Result<Ended> {
        self.end_sessions_where(permit, Some(id)).await
    }

    /// Ends all sessions of the user who asks, the one that asks included.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn end_all_sessions(&self, permit: &UserPermit<ManageUser>) -> Result<Ended> {
        self.end_sessions_where(permit, None).await
    }

    /// Ends one session, or all.
    async fn end_sessions_where(
        &self,
        permit: &UserPermit<ManageUser>,
        only: Option<SessionId>,
    ) -> Result<Ended> {
        let (engine, permit) = (self.clone(), permit.clone());
        let caller = Arc::clone(&permit.caller);
        self.mutate(&caller, move |tx| {
            let (engine, permit) = (engine.clone(), permit.clone());
            Box::pin(async move {
                let mut held = sessions::of_user(tx, permit.user_id()).await?;
                held.retain(|session| only.is_none_or(|only| only == session.id));
                if held.is_empty() && only.is_some() {
                    return Err(Missing::Session.into());
                }
                let mut events = Vec::with_capacity(held.len());
                for session in &held {
                    sessions::delete(tx, session).await?;
                    events.push(engine.event(&permit.caller, None, ended(session.id)));
                }
                let current = permit.caller.actor.session;
                let result = Ended {
                    sessions: u32::try_from(held.len()).unwrap_or(u32::MAX),
                    current: held.iter().any(|session| Some(session.id) == current),
                };
                if events.is_empty() {
                    events.push(engine.event(&permit.caller, None, ended_none(&permit)));
                }
                Written::with_events(result, events)
                    .ok_or_else(|| Error::Internal("no events".to_owned()))
            })
        })
        .await
    }
}

fn ended(id: SessionId) -> About {
    About {
        action: Action::Delete,
        resource_kind: ResourceKind::Session,
        resource_id: id.to_string(),
        details: json!({}),
    }
}

/// All were to be ended, and there were none.
fn ended_none(permit: &UserPermit<ManageUser>) -> About {
    About {
        action: Action::Update,
        resource_kind: ResourceKind::User,
        resource_id: permit.user_id().to_string(),
        details: json!({ "sessions_ended": 0 }),
    }
}
