//! A data directory's database with its keys: made, opened, and operated by its owner.

use std::path::Path;
use std::sync::Arc;

use coffer_crypto::{
    Keyring, KeyringError, PasswordHasher, RootKey, RootKeyError, RootKeyFiles, WrappedMasterKey,
};
use coffer_store::log::LogHead;
use coffer_store::rows::accounts::{self, AccountLimits};
use coffer_store::rows::audit::{EventActor, EventRequest, NewEvent};
use coffer_store::rows::instance;
use coffer_store::{Files, OpenError, Opening, Rows, Store, StoreError, Written};
use coffer_types::audit::{Action, Outcome, ResourceKind};
use coffer_types::{AccountId, AuditEventId, Clock, Random, RequestId, Subdomain};
use serde_json::json;

use crate::error::{Error, Missing, Result};
use crate::log;
use crate::provision::{Initialised, NewInstallation, NewKeys};

/// Why an installation was not opened.
#[derive(Debug, thiserror::Error)]
pub enum InstallationError {
    /// The database was not opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The root key does not belong to the database.
    #[error(transparent)]
    Keys(#[from] KeyringError),
    /// The root key's file cannot be used.
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
    /// The installation's id is none.
    #[error("the installation's id in the database is damaged: restore the database from a backup")]
    Id,
    /// The database failed.
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
    /// The first account was not made.
    #[error("failed to make the first account: {0}")]
    Initialise(Error),
}

/// An opened database with its keys unwrapped. Cheap to clone.
#[derive(Clone)]
pub struct Installation {
    pub(crate) store: Store,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    /// Where the root key is, if it is in a file that can be replaced.
    pub(crate) root_key: Option<RootKeyFiles>,
}

/// An account and what it may hold, for the operator.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AccountSummary {
    /// The account.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// Its label in host names, if it has one.
    pub subdomain: Option<Subdomain>,
    /// Secrets it has.
    pub secrets: u32,
    /// What it may hold.
    pub limits: AccountLimits,
}

impl std::fmt::Debug for Installation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Installation")
    }
}

impl Installation {
    /// Whether the directory holds a database, initialised or not.
    pub fn exists(directory: &Path) -> bool {
        Files::new(directory).exist()
    }

    /// Which version the schema of a directory's database has, without opening it, and the newest that is known.
    ///
    /// # Errors
    /// [`OpenError`] for a database that is none of ours.
    pub fn schema(directory: &Path) -> Result<(u32, u32), OpenError> {
        Files::new(directory).schema()
    }

    /// Makes a new installation in a directory: a database under a new master key, with the first account.
    /// One that was begun and never initialised, as after a crash, is begun anew.
    ///
    /// # Errors
    /// [`OpenError::Exists`] if there is one.
    pub async fn create(
        directory: &Path,
        root_key: &RootKey,
        passwords: &PasswordHasher,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        new: NewInstallation,
    ) -> Result<(Self, Initialised), InstallationError> {
        let files = Files::new(directory);
        let store = if files.exist() {
            Store::open(&files).await?
        } else {
            Store::create(&files).await?
        };
        if is_initialised(&store).await? {
            return Err(OpenError::Exists(directory.to_owned()).into());
        }
        let failed = |error| InstallationError::Initialise(Error::Internal(format!("{error}")));
        let (keyring, master_key) = Keyring::create(root_key, random.as_ref()).map_err(failed)?;
        let id = AccountId::random(random.as_ref()).to_string();
        let signer = log::signer(&keyring, &id).map_err(failed)?;
        // Before the first event, so that there is never one that is not signed.
        store.sign_log(signer).await?;
        log::warn_of_damage(&store);
        let installation = Self {
            store,
            keyring: Arc::new(keyring),
            clock,
            random,
            root_key: None,
        };
        let keys = NewKeys {
            instance: id,
            master_key,
        };
        let initialised = installation
            .initialise(keys, passwords, new)
            .await
            .map_err(InstallationError::Initialise)?;
        Ok((installation, initialised))
    }

    /// Opens an installation.
    ///
    /// # Errors
    /// [`InstallationError::Open`], or [`InstallationError::Keys`] if the root key is another's.
    pub async fn open(
        directory: &Path,
        root_key: &RootKey,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, InstallationError> {
        let (opening, id, master_keys) = begin(directory).await?;
        let keyring = Keyring::open(root_key, &master_keys)?;
        Self::finish(opening, id, keyring, clock, random).await
    }

    /// As [`open`](Self::open), with the root key of a file. If a rotation of the root key was interrupted, this ends
    /// it: the key that fits gets the file's name.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`InstallationError::RootKey`].
    pub async fn open_with(
        directory: &Path,
        files: &RootKeyFiles,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, InstallationError> {
        let (opening, id, master_keys) = begin(directory).await?;
        let found = files.find(
            |key| Keyring::open(key, &master_keys).map_err(InstallationError::from),
            another_key_may_fit,
        )?;
        if found.is_next {
            files.promote()?;
            tracing::warn!(
                fingerprint = found.key.fingerprint(),
                "a rotation of the root key was interrupted and is done now"
            );
        }
        let installation = Self::finish(opening, id, found.opened, clock, random).await?;
        Ok(installation.with_root_key(files.clone()))
    }

    /// The same installation, whose root key is in this file and can be rotated.
    #[must_use]
    pub fn with_root_key(self, files: RootKeyFiles) -> Self {
        Self {
            root_key: Some(files),
            ..self
        }
    }

    async fn finish(
        opening: Opening,
        id: String,
        keyring: Keyring,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, InstallationError> {
        let keyring = Arc::new(keyring);
        let signer = log::signer(&keyring, &id).map_err(|_| InstallationError::Id)?;
        let adopts_events = opening.adopts_events();
        let store = opening.finish(Some(signer)).await?;
        log::warn_of_damage(&store);
        let installation = Self {
            store,
            keyring,
            clock,
            random,
            root_key: None,
        };
        if adopts_events {
            installation.tell_adopted(&id).await?;
        }
        Ok(installation)
    }

    /// Records that the events until now, which are older than the log's key, were signed together.
    async fn tell_adopted(&self, instance: &str) -> Result<(), InstallationError> {
        let key = log::key(&self.keyring, instance).map_err(|_| InstallationError::Id)?;
        let key = key.verifier().to_string();
        tracing::warn!(%key, "the audit log gets a key; until now nothing of it was signed");
        let details = json!({ "after": { "audit_log_key": key } });
        self.tell(self.own_event(Action::Create, instance, details))
            .await
    }

    /// Records that what follows happened to a copy.
    pub(crate) async fn tell_restored(&self) -> Result<(), InstallationError> {
        let id = instance::id(&mut self.store.reader().await?).await?;
        let details = json!({ "after": { "restored_from_backup": true } });
        self.tell(self.own_event(Action::Update, &id.unwrap_or_default(), details))
            .await
    }

    async fn tell(&self, event: NewEvent) -> Result<(), InstallationError> {
        self.store
            .write(move |_tx| {
                let event = event.clone();
                Box::pin(async move { Ok::<_, StoreError>(Written::new((), event)) })
            })
            .await?;
        Ok(())
    }

    /// An event about the installation itself. It belongs to no account.
    fn own_event(&self, action: Action, instance: &str, details: serde_json::Value) -> NewEvent {
        NewEvent {
            id: AuditEventId::random(self.random.as_ref()),
            account_id: None,
            at: self.clock.now(),
            action,
            resource_kind: ResourceKind::Account,
            resource_id: instance.to_owned(),
            actor: EventActor::operator(),
            outcome: Outcome::Success,
            request: EventRequest {
                id: RequestId::random(self.random.as_ref()),
                raw: None,
            },
            details,
        }
    }

    /// An installation of parts that are open already, for tests that look behind it. Only a crate that may
    /// name the store can call this.
    pub fn of_parts(
        store: Store,
        keyring: Arc<Keyring>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            store,
            keyring,
            clock,
            random,
            root_key: None,
        }
    }

    /// Commits what is waiting and closes the database. Whatever is asked later is refused.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// The keys, for the edge.
    pub fn keyring(&self) -> &Arc<Keyring> {
        &self.keyring
    }

    /// What the audit log is now.
    pub fn log_head(&self) -> LogHead {
        self.store.log_head()
    }

    /// Every account.
    ///
    /// # Errors
    /// Only if the database fails.
    pub async fn accounts(&self) -> Result<Vec<AccountSummary>> {
        let mut reader = self.store.reader().await?;
        let mut summaries = Vec::new();
        for account in accounts::all(&mut reader).await? {
            summaries.push(AccountSummary {
                id: account.id,
                name: account.name,
                subdomain: account.subdomain,
                secrets: accounts::secret_count(&mut reader, account.id).await?,
                limits: account.limits,
            });
        }
        Ok(summaries)
    }

    /// Sets what an account may hold. What it holds already stays.
    ///
    /// # Errors
    /// [`Missing::Account`].
    pub async fn set_limits(&self, account_id: AccountId, limits: AccountLimits) -> Result<()> {
        let now = self.clock.now();
        let (event_id, request_id) = (
            AuditEventId::random(self.random.as_ref()),
            RequestId::random(self.random.as_ref()),
        );
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    let before = accounts::find(tx, account_id)
                        .await?
                        .ok_or(Missing::Account)?;
                    accounts::update_limits(tx, account_id, limits, now).await?;
                    let event = NewEvent {
                        id: event_id,
                        account_id: Some(account_id),
                        at: now,
                        action: Action::Update,
                        resource_kind: ResourceKind::Account,
                        resource_id: account_id.to_string(),
                        actor: EventActor::operator(),
                        outcome: Outcome::Success,
                        request: EventRequest {
                            id: request_id,
                            raw: None,
                        },
                        details: json!({
                            "before": { "limits": before.limits },
                            "after": { "limits": limits },
                        }),
                    };
                    Ok(Written::new((), event))
                })
            })
            .await
    }
}

/// Takes a directory's database, and reads what its keys are found with.
async fn begin(
    directory: &Path,
) -> Result<(Opening, String, Vec<WrappedMasterKey>), InstallationError> {
    let mut opening = Store::begin(&Files::new(directory)).await?;
    let id = instance::id(&mut opening).await?;
    let id = id.ok_or_else(|| OpenError::Missing(directory.to_owned()))?;
    let master_keys = wrapped_master_keys(&mut opening).await?;
    Ok((opening, id, master_keys))
}

/// Whether what is wrong is the key and not the database.
fn another_key_may_fit(error: &InstallationError) -> bool {
    matches!(
        error,
        InstallationError::Keys(KeyringError::WrongRootKey)
            | InstallationError::RootKey(RootKeyError::Missing(_))
    )
}

/// The database's master keys, as they are kept.
pub(crate) async fn wrapped_master_keys(
    rows: &mut impl Rows,
) -> Result<Vec<WrappedMasterKey>, StoreError> {
    let rows = instance::master_keys(rows).await?;
    let wrapped = rows.into_iter().map(|row| WrappedMasterKey {
        version: row.version,
        wrapped: row.wrapped,
    });
    Ok(wrapped.collect())
}

async fn is_initialised(store: &Store) -> Result<bool, StoreError> {
    Ok(instance::id(&mut store.reader().await?).await?.is_some())
}
