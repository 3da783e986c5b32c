//! A control plane that is a list of records.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use coffer_crypto::{Keyring, RootKey, SecretValue, SystemRandom};
use coffer_protocol::feed::{
    AccessReport, AccountRecord, Change, ChangeSource, FeedError, Record, SealedWorkerSecret,
    SecretRecord, Seq, Snapshot, Subject, VersionRecord, WorkerRecord,
};
use coffer_types::{
    AccountId, Binding, BindingKind, Digest, EdgeId, Format, Module, ModuleKind, Owner, Place,
    Scope, SecretId, Split, StoreId, ValueVersion, VersionId, WorkerId, WorkerSecretId,
};
use parking_lot::Mutex;
use tokio::sync::watch;

/// A control plane: records and the order of their changes.
pub(crate) struct Plane {
    pub(crate) keyring: Arc<Keyring>,
    records: Mutex<Records>,
    seq: watch::Sender<u64>,
    away: watch::Sender<bool>,
    pub(crate) reports: Mutex<Vec<AccessReport>>,
    pub(crate) acknowledged: watch::Sender<u64>,
}

#[derive(Default)]
struct Records {
    instance: String,
    current: HashMap<Subject, Record>,
    changes: Vec<Change>,
    blobs: HashMap<Digest, Bytes>,
    forgotten: u64,
}

impl Plane {
    pub(crate) fn new() -> Arc<Self> {
        let root = RootKey::from_bytes(&[7; 32]).unwrap();
        let (keyring, _) = Keyring::create(&root, &SystemRandom).unwrap();
        Arc::new(Self {
            keyring: Arc::new(keyring),
            records: Mutex::new(Records {
                instance: "first".to_owned(),
                ..Records::default()
            }),
            seq: watch::Sender::new(0),
            away: watch::Sender::new(false),
            reports: Mutex::new(Vec::new()),
            acknowledged: watch::Sender::new(0),
        })
    }

    /// Answers nothing from now on, or again.
    pub(crate) fn set_away(&self, away: bool) {
        self.away.send_replace(away);
    }

    /// Becomes another database without records.
    pub(crate) fn start_over(&self) {
        *self.records.lock() = Records {
            instance: "second".to_owned(),
            ..Records::default()
        };
        self.seq.send_replace(0);
    }

    /// Forgets every change so far: whoever is behind needs a snapshot.
    pub(crate) fn forget_changes(&self) {
        let mut records = self.records.lock();
        records.forgotten = *self.seq.borrow();
        records.changes.clear();
    }

    pub(crate) fn put(&self, record: Record) {
        let subject = match &record {
            Record::Account(one) => Subject::Account(one.account_id),
            Record::Secret(one) => Subject::Secret(one.secret_id),
            Record::Worker(one) => Subject::Worker(one.worker_id),
            Record::Version(one) => Subject::Version(one.version_id),
            Record::PagesProject(one) => Subject::PagesProject(one.project_id),
        };
        self.change(subject, Some(record));
    }

    pub(crate) fn remove(&self, subject: Subject) {
        self.change(subject, None);
    }

    fn change(&self, subject: Subject, record: Option<Record>) {
        let mut records = self.records.lock();
        let seq = *self.seq.borrow() + 1;
        match &record {
            Some(record) => records.current.insert(subject, record.clone()),
            None => records.current.remove(&subject),
        };
        records.changes.push(Change {
            seq: Seq(seq),
            subject,
            record,
        });
        drop(records);
        self.seq.send_replace(seq);
    }

    /// Has a content no more.
    pub(crate) fn lose(&self, content: &[u8]) {
        let digest = Digest(digest(&SHA256, content).as_ref().try_into().unwrap());
        self.records.lock().blobs.remove(&digest).unwrap();
    }

    pub(crate) fn blob(&self, content: &[u8]) -> Digest {
        let digest = Digest(digest(&SHA256, content).as_ref().try_into().unwrap());
        let content = Bytes::copy_from_slice(content);
        self.records.lock().blobs.insert(digest, content);
        digest
    }

    /// Reads reported so far of all secrets.
    pub(crate) fn reads(&self) -> u64 {
        self.reports.lock().iter().map(|report| report.reads).sum()
    }

    fn check_present(&self) -> Result<(), FeedError> {
        if *self.away.borrow() {
            Err(FeedError::Unavailable("it is away".to_owned()))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl ChangeSource for Plane {
    async fn snapshot(&self) -> Result<Snapshot, FeedError> {
        self.check_present()?;
        let records = self.records.lock();
        Ok(Snapshot {
            instance: records.instance.clone(),
            seq: Seq(*self.seq.borrow()),
            records: records.current.values().cloned().collect(),
        })
    }

    async fn changes(&self, after: Seq) -> Result<Vec<Change>, FeedError> {
        let (mut seq, mut away) = (self.seq.subscribe(), self.away.subscribe());
        loop {
            self.check_present()?;
            {
                let records = self.records.lock();
                if after.0 < records.forgotten {
                    return Err(FeedError::TooOld);
                }
                let changes = records.changes.iter();
                let later: Vec<_> = changes.filter(|one| one.seq > after).cloned().collect();
                if !later.is_empty() {
                    return Ok(later);
                }
            }
            tokio::select! {
                changed = seq.changed() => changed.unwrap(),
                changed = away.changed() => changed.unwrap(),
            }
        }
    }

    async fn blob(&self, digest: Digest) -> Result<Bytes, FeedError> {
        self.check_present()?;
        let records = self.records.lock();
        records
            .blobs
            .get(&digest)
            .cloned()
            .ok_or(FeedError::NotFound)
    }

    async fn acknowledge(&self, _edge: EdgeId, seq: Seq) {
        self.acknowledged.send_replace(seq.0);
    }

    async fn report_access(&self, reports: &[AccessReport]) -> Result<(), FeedError> {
        self.check_present()?;
        self.reports.lock().extend_from_slice(reports);
        Ok(())
    }
}

/// An account with one store, whose Workers and secrets are records of a plane.
#[derive(Clone)]
pub(crate) struct Tenant {
    pub(crate) plane: Arc<Plane>,
    pub(crate) account: AccountRecord,
    pub(crate) store_id: StoreId,
}

impl Tenant {
    pub(crate) fn new(plane: &Arc<Plane>, subdomain: &str) -> Self {
        let account_id = AccountId::random(&SystemRandom);
        let key = plane.keyring.new_account_key(account_id, 1, &SystemRandom);
        let account = AccountRecord {
            account_id,
            subdomain: Some(subdomain.parse().unwrap()),
            keys: vec![key.unwrap()],
        };
        plane.put(Record::Account(account.clone()));
        Self {
            plane: Arc::clone(plane),
            account,
            store_id: StoreId::random(&SystemRandom),
        }
    }

    fn seal(&self, owner: Owner, value_version: ValueVersion, value: &str) -> Bytes {
        let place = Place {
            account_id: self.account.account_id,
            owner,
            value_version,
        };
        let sealer = self.plane.keyring.sealer(Arc::new(SystemRandom));
        let value = SecretValue::new(value.to_owned());
        sealer
            .seal(&self.account.keys, &place, &value)
            .unwrap()
            .into()
    }

    /// A secret's record; the caller puts it.
    pub(crate) fn secret(&self, name: &str, value: &str, scopes: &[Scope]) -> SecretRecord {
        let secret_id = SecretId::random(&SystemRandom);
        let value_version = ValueVersion::FIRST;
        SecretRecord {
            account_id: self.account.account_id,
            store_id: self.store_id,
            secret_id,
            name: name.parse().unwrap(),
            scopes: scopes.iter().copied().collect(),
            value_version,
            sealed: self.seal(Owner::Store(self.store_id, secret_id), value_version, value),
        }
    }

    /// A new secret for Workers.
    pub(crate) fn add_secret(&self, name: &str, value: &str) -> SecretRecord {
        let secret = self.secret(name, value, &[Scope::Workers]);
        self.plane.put(Record::Secret(secret.clone()));
        secret
    }

    /// A new value of a secret.
    pub(crate) fn set_value(&self, secret: &mut SecretRecord, value: &str) {
        secret.value_version = secret.value_version.next();
        let owner = Owner::Store(secret.store_id, secret.secret_id);
        secret.sealed = self.seal(owner, secret.value_version, value);
        self.plane.put(Record::Secret(secret.clone()));
    }

    pub(crate) fn remove_secret(&self, secret: &SecretRecord) {
        self.plane.remove(Subject::Secret(secret.secret_id));
    }

    /// A binding of a secret of this tenant's store.
    pub(crate) fn binding(&self, name: &str, secret_name: &str) -> Binding {
        self.binding_of(self.store_id, name, secret_name)
    }

    pub(crate) fn binding_of(&self, store_id: StoreId, name: &str, secret_name: &str) -> Binding {
        Binding {
            name: name.parse().unwrap(),
            kind: BindingKind::SecretsStoreSecret {
                store_id,
                secret_name: secret_name.parse().unwrap(),
            },
        }
    }

    /// A Worker with one version of one module, deployed and reachable.
    pub(crate) fn worker(&self, name: &str, code: &str, bindings: Vec<Binding>) -> Worker {
        let mut worker = self.idle_worker(name);
        let version = worker.version(code, bindings);
        worker.add_version(&version);
        worker.deploy(Split::whole(version.version_id));
        worker
    }

    /// A Worker without versions.
    pub(crate) fn idle_worker(&self, name: &str) -> Worker {
        Worker {
            tenant: self.clone(),
            record: WorkerRecord {
                account_id: self.account.account_id,
                worker_id: WorkerId::random(&SystemRandom),
                name: name.parse().unwrap(),
                subdomain_enabled: true,
                previews_enabled: true,
                deployment: None,
                crons: Vec::new(),
                hosts: Vec::new(),
                routes: Vec::new(),
            },
            versions: 0,
        }
    }
}

/// A Worker of a tenant.
pub(crate) struct Worker {
    tenant: Tenant,
    pub(crate) record: WorkerRecord,
    versions: u32,
}

impl Worker {
    /// The next version, with one module; the caller adds it.
    pub(crate) fn version(&mut self, code: &str, bindings: Vec<Binding>) -> VersionRecord {
        self.versions += 1;
        VersionRecord {
            account_id: self.record.account_id,
            worker_id: self.record.worker_id,
            worker_name: self.record.name.clone(),
            version_id: VersionId::random(&SystemRandom),
            number: self.versions,
            main_module: Some("index.js".parse().unwrap()),
            modules: vec![Module {
                name: "index.js".parse().unwrap(),
                kind: ModuleKind::EsModule,
                digest: self.tenant.plane.blob(code.as_bytes()),
                size: code.len() as u64,
            }],
            bindings,
            secrets: Vec::new(),
            compatibility_date: "2026-11-01".to_owned(),
            compatibility_flags: Vec::new(),
            format: Format::Modules,
            assets: None,
            tag: None,
            created_at: None,
        }
    }

    /// Gives a version a per-Worker secret.
    pub(crate) fn add_secret(&self, version: &mut VersionRecord, name: &str, value: &str) {
        self.add_sealed(version, name, value, |secret| BindingKind::SecretText {
            secret,
        });
    }

    /// Gives a version a binding with a sealed value.
    pub(crate) fn add_sealed(
        &self,
        version: &mut VersionRecord,
        name: &str,
        value: &str,
        kind: impl FnOnce(WorkerSecretId) -> BindingKind,
    ) {
        let secret_id = WorkerSecretId::random(&SystemRandom);
        let owner = Owner::Worker(version.worker_id, secret_id);
        version.bindings.push(Binding {
            name: name.parse().unwrap(),
            kind: kind(secret_id),
        });
        version.secrets.push(SealedWorkerSecret {
            name: name.parse().unwrap(),
            secret_id,
            sealed: self.tenant.seal(owner, ValueVersion::FIRST, value),
        });
    }

    /// Gives a version one more module.
    pub(crate) fn add_module(
        &self,
        version: &mut VersionRecord,
        name: &str,
        kind: ModuleKind,
        content: &[u8],
    ) {
        version.modules.push(Module {
            name: name.parse().unwrap(),
            kind,
            digest: self.tenant.plane.blob(content),
            size: content.len() as u64,
        });
    }

    pub(crate) fn add_version(&self, version: &VersionRecord) {
        let record = Record::Version(Arc::new(version.clone()));
        self.tenant.plane.put(record);
    }

    pub(crate) fn plane(&self) -> &Arc<Plane> {
        &self.tenant.plane
    }

    pub(crate) fn deploy(&mut self, split: Split) {
        self.record.deployment = Some(split);
        self.put();
    }

    pub(crate) fn put(&self) {
        self.tenant.plane.put(Record::Worker(self.record.clone()));
    }

    pub(crate) fn host(&self) -> String {
        let subdomain = self.tenant.account.subdomain.as_ref().unwrap();
        format!("{}.{subdomain}.localhost", self.record.name)
    }
}
