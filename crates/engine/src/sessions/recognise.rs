//! Recognising a user by a session.

use std::sync::Arc;

use coffer_crypto::{TokenKind, TokenText};
use coffer_store::rows::sessions::{self, SessionRow};
use coffer_types::Timestamp;
use coffer_types::audit::ActorContext;

use super::IDLE_MICROS;
use crate::actor::Actor;
use crate::engine::Engine;
use crate::error::{Error, Result, Unauthenticated};

impl Engine {
    /// The user of a session, and that the session is in use.
    ///
    /// # Errors
    /// [`Unauthenticated::Invalid`] whatever the reason: unknown, ended, idle for too long, too old.
    pub(crate) async fn authenticate_session(&self, text: &TokenText) -> Result<Actor> {
        let now = self.clock.now();
        let refused = Error::Unauthenticated(Unauthenticated::Invalid);
        if text.kind() != TokenKind::Session {
            return Err(refused);
        }
        let code = |session: &SessionRow| {
            let text = text.expose_secret().as_bytes();
            self.session_mac.verify(text, &session.mac)
        };
        let candidates = self.store.sessions(text.lookup_prefix()).await?;
        let session = candidates.iter().find(|session| code(session));
        let session = session.filter(|session| now < session.expires_at);
        let Some(session) = session else {
            return Err(refused);
        };
        if self.is_idle(session, now) && self.was_idle(session, now).await? {
            return Err(refused);
        }
        let Some(user) = self.store.user(session.user_id).await? else {
            return Err(refused);
        };
        let memberships = self.store.memberships(user.id).await?;
        self.session_uses.note(session.id, now);
        Ok(Actor {
            user: Some(user),
            memberships,
            token: None,
            session: Some(session.id),
            context: ActorContext::Dash,
        })
    }

    /// Whether nobody used the session for too long, for all that is known in memory.
    pub(super) fn is_idle(&self, session: &SessionRow, now: Timestamp) -> bool {
        self.last_use(session).plus_micros(IDLE_MICROS) <= now
    }

    /// When the session was last used, for all that is known in memory.
    pub(super) fn last_use(&self, session: &SessionRow) -> Timestamp {
        let latest = self
            .session_uses
            .latest(session.id, Some(session.last_used_at));
        latest.unwrap_or(session.last_used_at)
    }

    /// The same for all that was written. A use that was written since the session was read into memory is no
    /// longer noted there.
    async fn was_idle(&self, session: &Arc<SessionRow>, now: Timestamp) -> Result<bool> {
        let mut reader = self.store.reader().await?;
        let written = sessions::with_prefix(&mut reader, &session.prefix).await?;
        let written = written.iter().find(|other| other.id == session.id);
        Ok(written.is_none_or(|session| self.is_idle(session, now)))
    }
}
