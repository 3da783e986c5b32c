//! What is written without an audit event: observations, which change nothing that anyone asked for.

use bytes::Bytes;
use coffer_types::{AccountId, Digest, SessionId, Timestamp, TokenId};

use crate::connection::Tx;
use crate::error::StoreError;
use crate::rows::account_assets::{self, AccountAssetRow, AssetProduct};
use crate::rows::asset_sessions::{self, AssetSessionRow};
use crate::rows::{session_uses, token_uses};

/// Something seen. The type lists all that may be written without an audit event, so that nothing else can be.
#[derive(Clone, Debug)]
pub enum Observation {
    /// When tokens were last used.
    TokenUses(Vec<(TokenId, Timestamp)>),
    /// When sessions were last used.
    SessionUses(Vec<(SessionId, Timestamp)>),
    /// That an upload of static assets has begun. Nothing is served of it before a version names it, and that
    /// version has its event.
    AssetUpload(Box<AssetSessionRow>),
    /// That files are about to be deployed, some of which may have been sent before.
    AssetsAskedFor {
        /// Whose they are.
        account_id: AccountId,
        /// What they were sent for.
        product: AssetProduct,
        /// Their hashes.
        client_hashes: Vec<String>,
        /// When they were asked for.
        at: Timestamp,
    },
    /// Files of an upload with their contents.
    AssetFiles {
        /// Whose they are.
        account_id: AccountId,
        /// What they are for.
        product: AssetProduct,
        /// The files.
        files: Vec<(AccountAssetRow, Bytes)>,
        /// When they came.
        at: Timestamp,
    },
    /// What was found of files of Pages that were sent without the paths that their hashes are made with.
    AssetsVerified {
        /// Whose they are.
        account_id: AccountId,
        /// Those that are what their hashes say, with their contents.
        right: Vec<(String, Digest)>,
        /// Those that are not.
        wrong: Vec<(String, Digest)>,
    },
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
            Self::AssetUpload(session) => asset_sessions::keep(tx, session).await?,
            Self::AssetsAskedFor {
                account_id,
                product,
                client_hashes,
                at,
            } => {
                account_assets::refresh(tx, *account_id, *product, client_hashes, *at).await?;
                account_assets::sweep(tx, *at).await?;
            }
            Self::AssetFiles {
                account_id,
                product,
                files,
                at,
            } => {
                for (file, content) in files {
                    account_assets::keep(tx, *account_id, *product, (file, content), *at).await?;
                }
            }
            Self::AssetsVerified {
                account_id,
                right,
                wrong,
            } => {
                account_assets::mark_verified(tx, *account_id, right).await?;
                account_assets::delete_unverified(tx, *account_id, wrong).await?;
            }
        }
        Ok(())
    }
}
