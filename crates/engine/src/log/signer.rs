//! The installation's key signs for its store.

use std::sync::Arc;

use coffer_crypto::{Checkpoint, CryptoError, Keyring, SigningKey, WrappedSigningKey};
use coffer_store::log::tree::Hash;
use coffer_store::log::{Beginning, SignCheckpoint};
use coffer_store::rows::signing_keys::SigningKeyRow;
use coffer_store::{Store, StoreError};
use coffer_types::Random;

/// The version of the first signing key.
const FIRST_VERSION: u32 = 1;

#[derive(Debug)]
struct Signer(SigningKey);

impl SignCheckpoint for Signer {
    fn sign(&self, size: u64, root: &Hash) -> String {
        self.0.sign(&Checkpoint { size, root: *root })
    }

    fn signed(&self, note: &str) -> Option<(u64, Hash)> {
        let checkpoint = self.0.verifier().checkpoint(note).ok()?;
        Some((checkpoint.size, checkpoint.root))
    }
}

/// A key made for a log, and how it is kept.
pub(crate) struct NewSigningKey {
    pub(crate) key: SigningKey,
    pub(crate) row: SigningKeyRow,
}

/// The log's name in its checkpoints and in its key.
fn origin(instance: &str) -> String {
    format!("coffer-audit/{instance}")
}

pub(crate) fn new_key(
    keyring: &Keyring,
    instance: &str,
    random: &dyn Random,
) -> Result<NewSigningKey, CryptoError> {
    let (key, wrapped) = keyring.new_signing_key(&origin(instance), FIRST_VERSION, random)?;
    let row = SigningKeyRow {
        version: wrapped.version,
        master_version: wrapped.master_version,
        wrapped: wrapped.wrapped,
        public_key: wrapped.public_key,
    };
    Ok(NewSigningKey { key, row })
}

/// The kept key, opened.
pub(crate) fn opened(
    keyring: &Keyring,
    instance: &str,
    row: SigningKeyRow,
) -> Result<SigningKey, CryptoError> {
    let wrapped = WrappedSigningKey {
        version: row.version,
        master_version: row.master_version,
        wrapped: row.wrapped,
        public_key: row.public_key,
    };
    keyring.signing_key(&origin(instance), &wrapped)
}

/// From here on the store's log is signed with this key. A log that is not what was signed before is told of loudly and
/// served all the same: whoever can damage it must not stop the service by it.
pub(crate) async fn sign_with(
    store: &Store,
    key: SigningKey,
    beginning: Beginning,
) -> Result<(), StoreError> {
    store.sign_log(Arc::new(Signer(key)), beginning).await?;
    if let Some(damage) = store.log_head().damage {
        tracing::error!(
            %damage,
            "audit log damaged: nothing is signed any more; run `coffer audit verify` and keep this directory as evidence"
        );
    }
    Ok(())
}
