//! Rows and writes for the tests.

use std::sync::Arc;

use coffer_store::log::SignCheckpoint;
use coffer_store::rows::accounts::{self, AccountLimits, AccountRow};
use coffer_store::rows::audit::{EventActor, EventRequest, NewEvent};
use coffer_store::rows::changes::{self, ChangeSubject};
use coffer_store::rows::secrets::{self, SecretRow};
use coffer_store::rows::stores::{self, StoreRow};
use coffer_store::{Files, Store, StoreError, Tx, Written};
use coffer_testkit::{FixedClock, SeededRandom};
use coffer_types::audit::{Action, ActorContext, ActorKind, Outcome, ResourceKind};
use coffer_types::{
    AccountId, AuditEventId, Clock, RequestId, Scopes, SecretId, StoreId, Timestamp, ValueVersion,
};
use serde_json::json;
use tempfile::TempDir;

/// A new database with one account and one Secrets Store in it.
pub(crate) struct Fixture {
    pub(crate) store: Store,
    pub(crate) directory: TempDir,
    pub(crate) account_id: AccountId,
    pub(crate) store_id: StoreId,
    random: SeededRandom,
}

/// What a write of a test fails with.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The store's own.
    Store(StoreError),
    /// The test's.
    OnPurpose(u32),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

pub(crate) fn now() -> Timestamp {
    FixedClock::default().now()
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::signed_by(None).await
    }

    pub(crate) async fn signed_by(signer: Option<Arc<dyn SignCheckpoint>>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::create(&Files::new(directory.path())).await.unwrap();
        if let Some(signer) = signer {
            store.sign_log(signer).await.unwrap();
        }
        let random = SeededRandom::new(1);
        let fixture = Self {
            store,
            directory,
            account_id: AccountId::random(&random),
            store_id: StoreId::random(&random),
            random,
        };
        fixture.insert_account_and_store().await;
        fixture
    }

    pub(crate) fn files(&self) -> Files {
        Files::new(self.directory.path())
    }

    async fn insert_account_and_store(&self) {
        let account = Arc::new(AccountRow {
            id: self.account_id,
            name: "account".to_owned(),
            subdomain: Some("dev".parse().unwrap()),
            limits: limits(100_000),
            keys: Vec::new(),
            created_at: now(),
        });
        let secrets_store = StoreRow {
            id: self.store_id,
            account_id: self.account_id,
            name: "store".parse().unwrap(),
            created_at: now(),
            modified_at: now(),
        };
        let event = self.event("setup");
        self.store
            .write::<(), StoreError, _>(move |tx| {
                let (account, secrets_store, event) =
                    (Arc::clone(&account), secrets_store.clone(), event.clone());
                Box::pin(async move {
                    accounts::insert(tx, &account).await?;
                    assert!(stores::insert(tx, &secrets_store, 1).await?);
                    Ok(Written::new((), event))
                })
            })
            .await
            .unwrap();
    }

    pub(crate) fn secret(&self, name: &str) -> SecretRow {
        SecretRow {
            id: SecretId::random(&self.random),
            account_id: self.account_id,
            store_id: self.store_id,
            name: name.parse().unwrap(),
            comment: None,
            scopes: Scopes::default(),
            value_version: ValueVersion::FIRST,
            change_seq: 0,
            created_at: now(),
            modified_at: now(),
        }
    }

    pub(crate) fn event(&self, about: &str) -> NewEvent {
        NewEvent {
            id: AuditEventId::random(&self.random),
            account_id: Some(self.account_id),
            at: now(),
            action: Action::Create,
            resource_kind: ResourceKind::Secret,
            resource_id: about.to_owned(),
            actor: EventActor {
                id: "test".to_owned(),
                email: None,
                context: ActorContext::System,
                ip: None,
                kind: ActorKind::System,
                token: None,
            },
            outcome: Outcome::Success,
            request: EventRequest {
                id: RequestId::random(&self.random),
                raw: None,
            },
            details: json!({}),
        }
    }

    /// Inserts a secret with its event and change.
    pub(crate) async fn insert_secret(&self, row: SecretRow) -> Result<(), Refused> {
        let event = self.event(&row.id.to_string());
        self.store
            .write(move |tx| {
                let (row, event) = (row.clone(), event.clone());
                Box::pin(async move {
                    insert_secret(tx, row).await?;
                    Ok(Written::new((), event))
                })
            })
            .await
    }
}

/// The rows of a secret and of its change.
pub(crate) async fn insert_secret(tx: &mut Tx<'_>, mut row: SecretRow) -> Result<(), StoreError> {
    row.change_seq = changes::record(tx, row.account_id, ChangeSubject::Secret(row.id)).await?;
    secrets::insert(tx, &row, b"sealed").await
}

pub(crate) const fn limits(secrets: u32) -> AccountLimits {
    AccountLimits {
        stores: 1,
        secrets,
        value_bytes: 1024,
        workers: 10,
    }
}
