//! Trying the runtime itself, with the smallest Worker there is, for whoever wonders whether it works here.

use std::sync::Arc;

use bytes::Bytes;
use coffer_crypto::{CryptoError, Keyring, RootKey};
use coffer_protocol::feed::{AccountRecord, VersionRecord};
use coffer_protocol::runtime::{Candidate, StartCheck, StartError, Started};
use coffer_types::name::InvalidName;
use coffer_types::{
    AccountId, Digest, Format, Module, ModuleKind, ModuleName, Random, VersionId, WorkerId,
};

use crate::check::WorkerdCheck;
use crate::process::RuntimeDirError;
use crate::settings::RuntimeConfig;

/// Answers every request, and nothing else.
const CODE: &[u8] = b"export default { fetch() { return new Response(\"ok\"); } };";

/// Why the runtime does not work.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The directory for sockets cannot be used.
    #[error(transparent)]
    Directory(#[from] RuntimeDirError),
    /// The Worker did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The trial's own keys or names could not be made.
    #[error("the trial could not be prepared: {0}")]
    Prepare(String),
}

impl From<CryptoError> for TrialError {
    fn from(error: CryptoError) -> Self {
        Self::Prepare(error.to_string())
    }
}

impl From<InvalidName> for TrialError {
    fn from(error: InvalidName) -> Self {
        Self::Prepare(error.to_string())
    }
}

/// Starts a Worker that has no secrets, and ends it.
///
/// # Errors
/// [`TrialError`], in the runtime's own words where it has some.
pub async fn try_runtime(
    runtime: RuntimeConfig,
    random: &dyn Random,
) -> Result<Started, TrialError> {
    let mut key = [0; 32];
    random.fill(&mut key);
    let (keyring, _wrapped) = Keyring::create(&RootKey::from_bytes(&key)?, random)?;
    let check = WorkerdCheck::new(runtime, Arc::new(keyring).leases())?;
    let account = AccountRecord {
        account_id: AccountId::random(random),
        subdomain: None,
        keys: Vec::new(),
    };
    let version = version(account.account_id, random)?;
    let candidate = Candidate {
        account: &account,
        version: &version,
        contents: &[Bytes::from_static(CODE)],
    };
    Ok(check.check(candidate).await?)
}

fn version(account_id: AccountId, random: &dyn Random) -> Result<VersionRecord, InvalidName> {
    let name: ModuleName = "index.js".parse()?;
    Ok(VersionRecord {
        account_id,
        worker_id: WorkerId::random(random),
        worker_name: "trial".parse()?,
        version_id: VersionId::random(random),
        number: 1,
        main_module: Some(name.clone()),
        modules: vec![Module {
            name,
            kind: ModuleKind::EsModule,
            digest: Digest([0; 32]),
            size: CODE.len() as u64,
        }],
        bindings: Vec::new(),
        secrets: Vec::new(),
        compatibility_date: "2025-01-01".to_owned(),
        compatibility_flags: Vec::new(),
        format: Format::default(),
        assets: None,
        tag: None,
        created_at: None,
    })
}
