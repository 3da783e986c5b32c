//! Handing secrets of local development to a program on the developer's machine: `coffer run`.
//!
//! A program is a process that a value is delivered to, as a Worker's is. What a server holds is for Workers alone:
//! a directory without the mark of local development is refused before anything is opened (decision 0011).

use std::path::{Path, PathBuf};

use coffer_crypto::KeyLeases;
use coffer_protocol::feed::{AccountRecord, ChangeSource, FeedError, Record, SecretRecord};
use coffer_types::{SecretName, StoreId};
use zeroize::Zeroizing;

use crate::opening::{self, DoesNotOpen};

/// The file that marks the directory of a project's own secrets.
pub const LOCAL_MARK: &str = "local.json";

/// Why a program gets nothing.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The directory is a server's.
    #[error("{} holds a server's secrets, which are for Workers alone: no program is given them", .0.display())]
    NotLocal(PathBuf),
    /// Its records cannot be read.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// A value does not open.
    #[error("the secret {name} does not open: {source}")]
    Sealed {
        /// The secret.
        name: SecretName,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A value is no text, as environments need it.
    #[error("the secret {0} is not UTF-8")]
    NotText(SecretName),
}

/// The values of a store of the project's own Coffer in this directory: of these names, or of all.
///
/// # Errors
/// [`LocalError`]; the first thing that is looked at is the directory's mark.
pub async fn local_values(
    directory: &Path,
    source: &dyn ChangeSource,
    leases: &KeyLeases,
    store_id: StoreId,
    names: Option<&[SecretName]>,
) -> Result<Vec<(SecretName, Zeroizing<String>)>, LocalError> {
    if !directory.join(LOCAL_MARK).is_file() {
        return Err(LocalError::NotLocal(directory.to_owned()));
    }
    let snapshot = source.snapshot().await?;
    let accounts: Vec<&AccountRecord> = snapshot
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Account(account) => Some(account),
            _ => None,
        })
        .collect();
    let wanted = |secret: &SecretRecord| {
        secret.store_id == store_id && names.is_none_or(|names| names.contains(&secret.name))
    };
    let secrets = snapshot.records.iter().filter_map(|record| match record {
        Record::Secret(secret) if wanted(secret) => Some(secret),
        _ => None,
    });
    let open = |secret: &SecretRecord| {
        let mut owner = accounts.iter();
        let owner = owner.find(|account| account.account_id == secret.account_id);
        let opened = owner.ok_or(DoesNotOpen);
        let opened = opened.and_then(|account| opening::store_secret(leases, account, secret));
        let value = opened.map_err(|error| LocalError::Sealed {
            name: secret.name.clone(),
            source: error.into(),
        })?;
        let text = std::str::from_utf8(value.expose_secret())
            .map_err(|_| LocalError::NotText(secret.name.clone()))?;
        Ok((secret.name.clone(), Zeroizing::new(text.to_owned())))
    };
    secrets.map(open).collect()
}
