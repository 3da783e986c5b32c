//! Copies of an installation: made while a server writes, and made into an installation again.
//!
//! A backup is one file: the database, in which modules and assets are too, compacted. The root key is never in it. What
//! an edge keeps is made anew from the database.

mod error;
mod make;
mod restore;

use coffer_crypto::{Keyring, RootKey};
use coffer_store::backup::Backup;
use coffer_store::rows::{accounts, instance};
use serde::Serialize;

pub use coffer_store::backup::CopyError;
pub use error::BackupError;
pub use make::{back_up, expected_bytes};
pub use restore::{Restoring, restore};

use crate::installation::wrapped_master_keys;
use crate::log::{self, LogHead};

/// What is in a backup: sizes and names, and never more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackupSummary {
    /// Bytes of the file.
    pub bytes: u64,
    /// The version of the database's schema.
    pub schema: u32,
    /// Which installation it is of.
    pub installation: String,
    /// Its accounts.
    pub accounts: Vec<BackupAccount>,
    /// Events in its audit log.
    pub events: u64,
    /// The newest signed checkpoint of its audit log.
    pub checkpoint: Option<String>,
    /// What its audit log is not: what was signed. `None` if it is.
    pub log_damage: Option<String>,
    /// Tells the root key with which it opens from others; `None` if no root key was at hand.
    pub root_key: Option<String>,
}

/// An account in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackupAccount {
    /// Its name.
    pub name: String,
    /// How many secrets it has.
    pub secrets: u32,
}

/// Reads all of a backup and finds whether it is whole, and whether it opens with this root key.
async fn check(
    backup: &mut Backup,
    root_key: Option<&RootKey>,
) -> Result<BackupSummary, BackupError> {
    backup.check().await?;
    let id = instance::id(backup).await.map_err(CopyError::from)?;
    let installation = id.ok_or(BackupError::NeverInitialised)?;
    let signer = match root_key {
        None => None,
        Some(key) => {
            let master_keys = wrapped_master_keys(backup).await.map_err(CopyError::from)?;
            let keyring = Keyring::open(key, &master_keys)?;
            Some(log::signer(&keyring, &installation).map_err(|_| BackupError::NeverInitialised)?)
        }
    };
    let LogHead { size, note, damage } = backup.log_head(signer.as_deref()).await?;
    let mut found = Vec::new();
    for account in accounts::all(backup).await.map_err(CopyError::from)? {
        let secrets = accounts::secret_count(backup, account.id).await;
        found.push(BackupAccount {
            name: account.name,
            secrets: secrets.map_err(CopyError::from)?,
        });
    }
    Ok(BackupSummary {
        bytes: backup.bytes(),
        schema: backup.schema(),
        installation,
        accounts: found,
        events: size,
        checkpoint: note.map(|note| note.to_string()),
        log_damage: damage.map(|damage| damage.to_string()),
        root_key: root_key.map(|key| key.fingerprint().to_owned()),
    })
}
