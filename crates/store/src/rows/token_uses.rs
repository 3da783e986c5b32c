//! When tokens were last used. Written now and then, never for a request.

use coffer_types::{Timestamp, TokenId};

use crate::connection::{Tx, execute};
use crate::error::StoreError;

/// Keeps that a token was used at a moment, unless a later one is known or the token is gone.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub(crate) async fn keep(
    tx: &mut Tx<'_>,
    token_id: TokenId,
    at: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        tx,
        "INSERT INTO token_uses (token_id, last_used_at) SELECT id, $2 FROM tokens WHERE id = $1 \
             ON CONFLICT (token_id) DO UPDATE SET last_used_at = excluded.last_used_at \
             WHERE excluded.last_used_at > token_uses.last_used_at",
        token_id.to_string(),
        at.as_micros()
    );
    Ok(())
}
