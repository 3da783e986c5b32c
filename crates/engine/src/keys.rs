//! The keys of an installation as its operator sees and rotates them: the root key, the master keys below it, and one
//! key for each account below those. Decision 0009 tells what is bound to what.
//!
//! Nothing here gives out a key or a value: keys are wrapped by the ring, and values sealed anew by the sealer.

mod account;
mod error;
mod master;
mod root;
mod status;

use std::sync::Arc;

use coffer_crypto::{Keyring, RootKeyFiles, Sealer};
use coffer_store::Store;
use coffer_store::rows::audit::{EventActor, EventRequest, NewEvent};
use coffer_types::audit::{Action, Outcome, ResourceKind};
use coffer_types::{AccountId, AuditEventId, Clock, Random, RequestId};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};

pub use error::KeyRotationError;

use crate::installation::Installation;

/// The keys of one database. Cheap to clone; clones rotate one at a time.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    store: Store,
    keyring: Arc<Keyring>,
    sealer: Sealer,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    root_key: Option<RootKeyFiles>,
    turn: Mutex<()>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl Installation {
    /// The keys, for the operator. Only clones of one rotate one at a time.
    pub fn keys(&self) -> Keys {
        let Self {
            store,
            keyring,
            clock,
            random,
            root_key,
        } = self.clone();
        Keys(Arc::new(Inner {
            sealer: keyring.sealer(Arc::clone(&random)),
            store,
            keyring,
            clock,
            random,
            root_key,
            turn: Mutex::new(()),
        }))
    }
}

impl Keys {
    fn root_key(&self) -> Result<&RootKeyFiles, KeyRotationError> {
        let files = self.0.root_key.as_ref();
        files.ok_or(KeyRotationError::NoFile)
    }

    /// The turn of one rotation: a second at the same time would wrap what the first is replacing.
    fn turn(&self) -> Result<MutexGuard<'_, ()>, KeyRotationError> {
        self.0.turn.try_lock().map_err(|_| KeyRotationError::Busy)
    }

    /// What the operator did with keys: of an account, or of the installation with this id.
    fn event(
        &self,
        account_id: Option<AccountId>,
        resource_id: String,
        action: Action,
        details: Value,
    ) -> NewEvent {
        NewEvent {
            id: AuditEventId::random(self.0.random.as_ref()),
            account_id,
            at: self.0.clock.now(),
            action,
            resource_kind: ResourceKind::Account,
            resource_id,
            actor: EventActor::operator(),
            outcome: Outcome::Success,
            request: EventRequest {
                id: RequestId::random(self.0.random.as_ref()),
                raw: None,
            },
            details,
        }
    }
}
