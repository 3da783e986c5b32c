//! The installation's key signs for its store.

use std::sync::Arc;

use coffer_crypto::{Checkpoint, CryptoError, Keyring, SigningKey};
use coffer_store::Store;
use coffer_store::log::SignCheckpoint;
use coffer_store::log::tree::Hash;

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

/// The key of an installation's log, which bears its name.
///
/// # Errors
/// [`CryptoError::DoesNotOpen`] if the installation's id is none.
pub(crate) fn key(keyring: &Keyring, instance: &str) -> Result<SigningKey, CryptoError> {
    if instance.is_empty() {
        return Err(CryptoError::DoesNotOpen);
    }
    keyring.signing_key(&format!("coffer-audit/{instance}"))
}

/// Signs the log of the installation with this id, for whoever opens its store without an engine. Only a crate that may
/// name the store can use it.
///
/// # Errors
/// [`CryptoError::DoesNotOpen`] if the id is none.
pub fn signer(keyring: &Keyring, instance: &str) -> Result<Arc<dyn SignCheckpoint>, CryptoError> {
    Ok(Arc::new(Signer(key(keyring, instance)?)))
}

/// Tells loudly of a log that is not what was signed before. It is served all the same: whoever can damage it must not
/// stop the service by it.
pub(crate) fn warn_of_damage(store: &Store) {
    if let Some(damage) = store.log_head().damage {
        tracing::error!(
            %damage,
            "audit log damaged: nothing is signed any more; run `coffer audit verify` and keep this directory as evidence"
        );
    }
}
