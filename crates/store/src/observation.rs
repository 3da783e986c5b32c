//! What is written without an audit event: observations, which change nothing that anyone asked for.

use coffer_types::{SessionId, Timestamp, TokenId};

use crate::connection::Tx;
use crate::error::StoreError;
use crate::rows::{session_uses, token_uses};

/// Something seen. The type lists all that may be written without an audit event, so that nothing else can be.
#[derive(Clone, Debug)]
pub enum Observation {
    /// When tokens were last used.
    TokenUses(Vec<(TokenId, Timestamp)>),
    /// When sessions were last used.
    SessionUses(Vec<(SessionId, Timestamp)>),
}

impl Observation {
    /// Keeps it, unless what it is about is gone.
    pub(crate) async fn keep(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        match self {
            Self::TokenUses(uses) => {
                for (id, at) in uses {
                    token_uses::keep(tx, *id, *at).await?;
                }
            }
            Self::SessionUses(uses) => {
                for (id, at) in uses {
                    session_uses::keep(tx, *id, *at).await?;
                }
            }
        }
        Ok(())
    }
}
