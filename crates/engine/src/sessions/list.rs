//! A user's sessions.

use coffer_protocol::sessions::Session;
use coffer_store::rows::sessions;

use crate::authorize::{UserPermit, ViewUser};
use crate::engine::Engine;
use crate::error::Result;

impl Engine {
    /// The sessions of the user who asks that have not run out, the newest first: at most
    /// [`coffer_types::limits::MAX_SESSIONS_PER_USER`].
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn own_sessions(&self, permit: &UserPermit<ViewUser>) -> Result<Vec<Session>> {
        let now = self.clock.now();
        let current = permit.caller.actor.session;
        let found = sessions::of_user(&mut self.store.reader().await?, permit.user_id()).await?;
        let live = found
            .into_iter()
            .filter(|session| now < session.expires_at && !self.is_idle(session, now));
        let sessions = live.map(|session| Session {
            id: session.id,
            created_on: session.created_at,
            expires_on: session.expires_at,
            last_used_on: self.last_use(&session),
            current: current == Some(session.id),
            ip: session.ip,
            user_agent: session.user_agent,
        });
        Ok(sessions.collect())
    }
}
