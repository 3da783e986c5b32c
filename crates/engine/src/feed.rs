//! The feed that edges follow, from the database.

mod pages;

pub(crate) use pages::deployment_version;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::watch;

use coffer_protocol::feed::{
    AccessReport, AccountRecord, Change, ChangeSource, FeedError, Record, SealedWorkerSecret,
    SecretRecord, Seq, Snapshot, Subject, VersionRecord, WorkerRecord,
};
use coffer_store::rows::accounts::AccountRow;
use coffer_store::rows::changes::{ChangeRow, ChangeSubject};
use coffer_store::rows::secrets::SecretRow;
use coffer_store::rows::versions::VersionRow;
use coffer_store::rows::workers::{CronTrigger, WorkerRow};
use coffer_store::rows::{
    Slice, accounts, blobs, changes, deployments, instance, pages_projects, secrets, versions,
    worker_hosts, worker_routes, worker_secrets, workers,
};
use coffer_store::{Reader, StoreError};
use coffer_types::{AccountId, Cron, Digest, EdgeId, WorkerName};

use crate::engine::Engine;

/// Changes given at once: bounds the memory of an edge that was long away.
const MAX_CHANGES: u32 = 512;
/// The date whose behaviour a version without a date gets: the first that the runtime knows.
pub(crate) const OLDEST_COMPATIBILITY_DATE: &str = "2021-11-02";

/// How far each live edge has come.
#[derive(Debug)]
pub(crate) struct Applied {
    edges: Mutex<HashMap<EdgeId, u64>>,
    everywhere: watch::Sender<u64>,
}

impl Default for Applied {
    fn default() -> Self {
        // Unless an edge is expected, nothing waits for one.
        Self {
            edges: Mutex::default(),
            everywhere: watch::Sender::new(u64::MAX),
        }
    }
}

impl Applied {
    /// The last change that every live edge serves.
    pub(crate) fn everywhere(&self) -> u64 {
        *self.everywhere.borrow()
    }

    /// Waits until every live edge serves the change.
    pub(crate) async fn reached(&self, change_seq: u64) {
        let mut everywhere = self.everywhere.subscribe();
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = everywhere.wait_for(|applied| *applied >= change_seq).await;
    }

    /// Nothing is served everywhere until an edge has told how far it is.
    fn expect_edge(&self) {
        let edges = self.edges.lock();
        if edges.is_empty() {
            self.everywhere.send_replace(0);
        }
    }

    fn acknowledge(&self, edge: EdgeId, seq: u64) {
        let mut edges = self.edges.lock();
        edges.insert(edge, seq);
        let everywhere = edges.values().copied().min().unwrap_or(u64::MAX);
        self.everywhere.send_replace(everywhere);
    }
}

#[async_trait]
impl ChangeSource for Engine {
    async fn snapshot(&self) -> Result<Snapshot, FeedError> {
        let mut reader = self.store.reader().await.map_err(unavailable)?;
        // The place is read first: what is read after it is at least as new.
        let seq = changes::last_seq(&mut reader).await.map_err(unavailable)?;
        let instance = instance::id(&mut reader)
            .await
            .map_err(unavailable)?
            .unwrap_or_default();
        let records = all_records(&mut reader).await.map_err(unavailable)?;
        Ok(Snapshot {
            instance,
            seq: Seq(seq),
            records,
        })
    }

    async fn changes(&self, after: Seq) -> Result<Vec<Change>, FeedError> {
        let mut last_change = self.store.last_change();
        if after.0 > *last_change.borrow() && after.0 > self.last_seq().await? {
            // The database is older than the replica: it was restored from a backup.
            return Err(FeedError::TooOld);
        }
        last_change
            .wait_for(|last| *last > after.0)
            .await
            .map_err(|_| FeedError::Unavailable("the store has closed".to_owned()))?;
        let mut reader = self.store.reader().await.map_err(unavailable)?;
        let rows = changes::after(&mut reader, after.0, MAX_CHANGES)
            .await
            .map_err(unavailable)?;
        // Looked at after them: what is forgotten meanwhile only makes the answer stricter.
        let first = changes::first_seq(&mut reader).await.map_err(unavailable)?;
        if first.is_some_and(|first| first > after.0 + 1) {
            return Err(FeedError::TooOld);
        }
        latest_of_each(rows, &mut reader).await.map_err(unavailable)
    }

    async fn blob(&self, digest: Digest) -> Result<Bytes, FeedError> {
        let mut reader = self.store.reader().await.map_err(unavailable)?;
        let found = blobs::find(&mut reader, digest)
            .await
            .map_err(unavailable)?;
        found.map(Bytes::from).ok_or(FeedError::NotFound)
    }

    async fn acknowledge(&self, edge: EdgeId, seq: Seq) {
        self.applied.acknowledge(edge, seq.0);
    }

    async fn report_access(&self, reports: &[AccessReport]) -> Result<(), FeedError> {
        self.record_access(reports)
            .await
            .map_err(|error| FeedError::Unavailable(error.to_string()))
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "`map_err` gives the error away"
)]
impl Engine {
    /// Tells that an edge will follow the feed. Until its first acknowledgement no change counts as applied;
    /// without this, an engine that no edge follows takes every change for applied.
    pub fn expect_edge(&self) {
        self.applied.expect_edge();
    }

    async fn last_seq(&self) -> Result<u64, FeedError> {
        let mut reader = self.store.reader().await.map_err(unavailable)?;
        changes::last_seq(&mut reader).await.map_err(unavailable)
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "given to `map_err`, which hands the error over"
)]
fn unavailable(error: StoreError) -> FeedError {
    FeedError::Unavailable(error.to_string())
}

async fn all_records(reader: &mut Reader) -> Result<Vec<Record>, StoreError> {
    let mut records = Vec::new();
    for (secret, sealed) in secrets::all_sealed(reader).await? {
        records.push(Record::Secret(secret_record(secret, sealed)));
    }
    for account in accounts::all(reader).await? {
        let found = workers::of_account(reader, account.id).await?;
        for project in pages_projects::all_of(reader, account.id).await? {
            records.extend(pages::records(reader, project).await?);
        }
        for worker in found {
            for version in versions::list(reader, worker.id, Slice::ALL).await?.0 {
                let record = version_record(reader, &worker, version).await?;
                records.push(Record::Version(Arc::new(record)));
            }
            records.push(Record::Worker(worker_record(reader, worker).await?));
        }
    }
    // Read last, so that the keys are here which the values above are sealed under.
    let accounts = accounts::all(reader).await?;
    records.extend(
        accounts
            .iter()
            .map(|account| Record::Account(account_record(account))),
    );
    Ok(records)
}

/// Each subject once, at its last place in this part of the order, with its present state.
async fn latest_of_each(
    rows: Vec<ChangeRow>,
    reader: &mut Reader,
) -> Result<Vec<Change>, StoreError> {
    let mut seen = HashSet::new();
    let mut latest: Vec<ChangeRow> = rows
        .into_iter()
        .rev()
        .filter(|row| seen.insert((row.account_id, row.subject)))
        .collect();
    latest.reverse();
    let mut found = Vec::with_capacity(latest.len());
    for row in &latest {
        let (subject, record) = state_of(reader, row).await?;
        found.push(Change {
            seq: Seq(row.seq),
            subject,
            record,
        });
    }
    add_newer_keys(&latest, &mut found, reader).await?;
    Ok(found)
}

/// What was read of a secret may be newer than its change, and sealed under a key whose own change comes later. An edge
/// applies all of an answer at once, so the accounts that have several keys are told along with their secrets.
async fn add_newer_keys(
    rows: &[ChangeRow],
    found: &mut Vec<Change>,
    reader: &mut Reader,
) -> Result<(), StoreError> {
    let Some(last) = rows.last() else {
        return Ok(());
    };
    if changes::last_seq(reader).await? == last.seq {
        return Ok(());
    }
    let mut seen = HashSet::new();
    for row in rows {
        if !seen.insert(row.account_id) {
            continue;
        }
        let account = accounts::find(reader, row.account_id).await?;
        if let Some(account) = account.filter(|account| account.keys.len() > 1) {
            found.push(Change {
                seq: Seq(row.seq),
                subject: Subject::Account(account.id),
                record: Some(Record::Account(account_record(&account))),
            });
        }
    }
    Ok(())
}

async fn state_of(
    reader: &mut Reader,
    row: &ChangeRow,
) -> Result<(Subject, Option<Record>), StoreError> {
    Ok(match row.subject {
        ChangeSubject::Account => {
            let found = accounts::find(reader, row.account_id).await?;
            (
                Subject::Account(row.account_id),
                found.map(|account| Record::Account(account_record(&account))),
            )
        }
        ChangeSubject::Secret(id) => {
            let found = secrets::find_sealed(reader, id).await?;
            let record = found.map(|(secret, sealed)| secret_record(secret, sealed));
            (Subject::Secret(id), record.map(Record::Secret))
        }
        ChangeSubject::Worker(id) => {
            let record = match workers::find(reader, id).await? {
                Some(worker) => Some(Record::Worker(worker_record(reader, worker).await?)),
                None => None,
            };
            (Subject::Worker(id), record)
        }
        ChangeSubject::PagesProject(id) => {
            let record = pages::project_record(reader, id).await?;
            (Subject::PagesProject(id), record)
        }
        ChangeSubject::Version(id) => {
            let record = match versions::find_any(reader, id).await? {
                Some(version) => match workers::find(reader, version.worker_id).await? {
                    Some(worker) => {
                        let record = version_record(reader, &worker, version).await?;
                        Some(Record::Version(Arc::new(record)))
                    }
                    None => None,
                },
                None => pages::deployment_record(reader, id).await?,
            };
            (Subject::Version(id), record)
        }
    })
}

impl Engine {
    /// The account as edges know it now, with the keys of every value that was read before this.
    pub(crate) async fn present_account_record(
        &self,
        account: &AccountRow,
    ) -> crate::Result<AccountRecord> {
        let present = self.store.account(account.id).await?;
        Ok(account_record(present.as_deref().unwrap_or(account)))
    }
}

/// The account as edges know it.
pub(crate) fn account_record(account: &AccountRow) -> AccountRecord {
    AccountRecord {
        account_id: account.id,
        subdomain: account.subdomain.clone(),
        keys: account.keys.clone(),
    }
}

fn secret_record(secret: SecretRow, sealed: Vec<u8>) -> SecretRecord {
    SecretRecord {
        account_id: secret.account_id,
        store_id: secret.store_id,
        secret_id: secret.id,
        name: secret.name,
        scopes: secret.scopes,
        value_version: secret.value_version,
        sealed: sealed.into(),
    }
}

async fn worker_record(reader: &mut Reader, worker: WorkerRow) -> Result<WorkerRecord, StoreError> {
    let active = deployments::active(reader, worker.id).await?;
    let hosts = worker_hosts::of_worker(reader, worker.id).await?;
    let answering = hosts.into_iter().filter(|host| host.enabled);
    let routes = worker_routes::of_worker(reader, worker.id).await?;
    Ok(WorkerRecord {
        account_id: worker.account_id,
        worker_id: worker.id,
        name: worker.name,
        subdomain_enabled: worker.subdomain_enabled,
        previews_enabled: worker.previews_enabled,
        deployment: active.map(|deployment| deployment.split),
        crons: crons_of(worker.settings.crons),
        hosts: answering.map(|host| host.host).collect(),
        routes: routes.into_iter().map(|route| route.pattern).collect(),
    })
}

fn crons_of(triggers: Vec<CronTrigger>) -> Vec<Cron> {
    triggers.into_iter().map(|trigger| trigger.cron).collect()
}

async fn version_record(
    reader: &mut Reader,
    worker: &WorkerRow,
    version: VersionRow,
) -> Result<VersionRecord, StoreError> {
    let sealed: HashMap<_, _> = worker_secrets::of_worker(reader, worker.id)
        .await?
        .into_iter()
        .map(|secret| (secret.id, Bytes::from(secret.sealed)))
        .collect();
    Ok(version_record_of(
        (worker.account_id, worker.name.clone()),
        version,
        |id| sealed.get(&id).cloned(),
    ))
}

/// The version of this account's Worker with this name as edges know it, with the sealed values that `sealed` finds.
pub(crate) fn version_record_of(
    (account_id, worker_name): (AccountId, WorkerName),
    version: VersionRow,
    sealed: impl Fn(coffer_types::WorkerSecretId) -> Option<Bytes>,
) -> VersionRecord {
    let secrets = version
        .facts
        .bindings
        .iter()
        .filter_map(|binding| {
            let secret_id = binding.kind.worker_secret()?;
            Some(SealedWorkerSecret {
                name: binding.name.clone(),
                secret_id,
                sealed: sealed(secret_id)?,
            })
        })
        .collect();
    VersionRecord {
        account_id,
        worker_id: version.worker_id,
        worker_name,
        version_id: version.id,
        number: version.number,
        main_module: version.facts.main_module,
        modules: version.facts.modules,
        bindings: version.facts.bindings,
        secrets,
        compatibility_date: version
            .facts
            .compatibility_date
            .unwrap_or_else(|| OLDEST_COMPATIBILITY_DATE.to_owned()),
        compatibility_flags: version.facts.compatibility_flags,
        format: version.facts.format,
        assets: version.facts.assets,
        tag: version.facts.annotations.get(crate::workers::TAG).cloned(),
        created_at: Some(version.created_at),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use coffer_crypto::{PasswordHasher, RootKey, SystemRandom};
    use coffer_protocol::runtime::{Candidate, StartCheck, StartError, Started};
    use coffer_store::Written;
    use coffer_store::rows::audit::{EventActor, EventRequest, NewEvent};
    use coffer_types::audit::{Action, Outcome, ResourceKind};
    use coffer_types::limits::CHANGES_KEPT;
    use coffer_types::{AuditEventId, RequestId, SecretStatus, SystemClock};
    use futures::FutureExt;

    use super::*;
    use crate::{AttemptLimits, Installation, NewInstallation};

    struct NoRuntime;

    #[async_trait]
    impl StartCheck for NoRuntime {
        async fn check(&self, _candidate: Candidate<'_>) -> Result<Started, StartError> {
            Err(StartError::Unavailable("there is none".to_owned()))
        }
    }

    async fn engine(directory: &std::path::Path) -> Engine {
        let new = NewInstallation {
            account_name: "Test".to_owned(),
            subdomain: "dev".parse().unwrap(),
            email: "admin@coffer.localhost".parse().unwrap(),
        };
        let (installation, _initialised) = Installation::create(
            directory,
            &RootKey::from_bytes(&[7; 32]).unwrap(),
            &PasswordHasher::fast_for_tests(1),
            Arc::new(SystemClock),
            Arc::new(SystemRandom),
            new,
        )
        .await
        .unwrap();
        Engine::new(
            installation,
            Arc::new(NoRuntime),
            AttemptLimits::default(),
            PasswordHasher::fast_for_tests(1),
        )
    }

    #[tokio::test]
    async fn a_replica_that_is_newer_than_the_database_is_told_to_start_over() {
        let directory = tempfile::tempdir().unwrap();
        let engine = engine(directory.path()).await;
        let Snapshot { seq, .. } = engine.snapshot().await.unwrap();
        let ahead = Seq(seq.0 + 1);
        assert!(matches!(
            engine.changes(ahead).await,
            Err(FeedError::TooOld)
        ));
        // One that is as new waits for what comes.
        assert!(engine.changes(seq).now_or_never().is_none());
    }

    #[tokio::test]
    async fn a_replica_that_missed_what_is_forgotten_is_told_to_start_over() {
        let directory = tempfile::tempdir().unwrap();
        let engine = engine(directory.path()).await;
        let Snapshot { seq, .. } = engine.snapshot().await.unwrap();
        let accounts = accounts::all(&mut engine.store.reader().await.unwrap()).await;
        let account_id = accounts.unwrap()[0].id;
        let event = NewEvent {
            id: AuditEventId::random(&SystemRandom),
            account_id: Some(account_id),
            at: engine.clock.now(),
            action: Action::Update,
            outcome: Outcome::Success,
            resource_kind: ResourceKind::Account,
            resource_id: account_id.to_string(),
            actor: EventActor::operator(),
            request: EventRequest {
                id: RequestId::random(&SystemRandom),
                raw: None,
            },
            details: serde_json::json!({}),
        };
        let recorded = CHANGES_KEPT + 4096;
        let many: Result<(), StoreError> = engine
            .store
            .write(move |tx| {
                let event = event.clone();
                Box::pin(async move {
                    for _ in 0..recorded {
                        changes::record(tx, account_id, ChangeSubject::Account).await?;
                    }
                    Ok(Written::new((), event))
                })
            })
            .await;
        many.unwrap();
        assert!(matches!(engine.changes(seq).await, Err(FeedError::TooOld)));
        // One that begins where the order begins is told of all that is left.
        let mut reader = engine.store.reader().await.unwrap();
        let first = changes::first_seq(&mut reader).await.unwrap().unwrap();
        assert!(first > seq.0 + 1);
        let told = engine.changes(Seq(first - 1)).await.unwrap();
        assert_eq!(told.len(), 1);
        let Snapshot { seq, .. } = engine.snapshot().await.unwrap();
        assert!(engine.changes(seq).now_or_never().is_none());
    }

    #[tokio::test]
    async fn nothing_is_applied_before_the_edge_that_is_expected_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let engine = engine(directory.path()).await;
        assert_eq!(engine.status_of(7), SecretStatus::Active);
        engine.expect_edge();
        assert_eq!(engine.status_of(7), SecretStatus::Pending);
        assert!(engine.applied.reached(7).now_or_never().is_none());
        let edge = EdgeId::random(&SystemRandom);
        ChangeSource::acknowledge(&engine, edge, Seq(7)).await;
        assert_eq!(engine.status_of(7), SecretStatus::Active);
        assert_eq!(engine.status_of(8), SecretStatus::Pending);
        assert!(engine.applied.reached(7).now_or_never().is_some());
        // Told again, it forgets nothing.
        engine.expect_edge();
        assert_eq!(engine.status_of(7), SecretStatus::Active);
    }
}
