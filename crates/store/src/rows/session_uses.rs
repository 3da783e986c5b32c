//! When sessions were last used. Written now and then, never for a request.

use coffer_types::{SessionId, Timestamp};

use crate::connection::{Tx, execute};
use crate::error::StoreError;

/// Keeps that a session was used at a moment, unless a later one is known or the session is gone.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub(crate) async fn keep(
    tx: &mut Tx<'_>,
    session_id: SessionId,
    at: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO session_uses (session_id, last_used_at) SELECT id, $2 FROM sessions WHERE id = $1 \
             ON CONFLICT (session_id) DO UPDATE SET last_used_at = excluded.last_used_at \
             WHERE excluded.last_used_at > session_uses.last_used_at",
        session_id.to_string(),
        at.as_micros()
    );
    Ok(())
}
