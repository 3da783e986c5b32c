//! The records that an edge serves from, found by what is asked for.

use std::collections::HashMap;
use std::sync::Arc;

use coffer_protocol::feed::{
    AccountRecord, Change, PagesProjectRecord, Record, SecretRecord, Seq, Snapshot, Subject,
    VersionRecord, WorkerRecord,
};
use coffer_types::{AccountId, PagesProjectId, SecretId, SecretName, StoreId, VersionId, WorkerId};

/// Everything an edge serves from, as of one place in the order of changes.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(super) instance: String,
    pub(super) seq: Seq,
    accounts: HashMap<AccountId, Arc<AccountRecord>>,
    secrets: HashMap<SecretId, Arc<SecretRecord>>,
    names: HashMap<StoreId, HashMap<SecretName, SecretId>>,
    workers: HashMap<WorkerId, Arc<WorkerRecord>>,
    versions: HashMap<VersionId, Arc<VersionRecord>>,
    projects: HashMap<PagesProjectId, Arc<PagesProjectRecord>>,
}

/// What a change may affect, beside the records themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// What a running process reads.
    Secrets,
    /// Which process answers where.
    Routes,
    /// Both.
    Both,
}

impl State {
    /// The state of a snapshot.
    pub(super) fn from_snapshot(snapshot: Snapshot) -> Self {
        let mut state = Self {
            instance: snapshot.instance,
            seq: snapshot.seq,
            ..Self::default()
        };
        for record in snapshot.records {
            state.put(record);
        }
        state
    }

    /// The snapshot of this state.
    pub(super) fn to_snapshot(&self) -> Snapshot {
        let accounts = self
            .accounts
            .values()
            .map(|one| Record::Account(AccountRecord::clone(one)));
        let secrets = self
            .secrets
            .values()
            .map(|one| Record::Secret(SecretRecord::clone(one)));
        let workers = self
            .workers
            .values()
            .map(|one| Record::Worker(WorkerRecord::clone(one)));
        let versions = self
            .versions
            .values()
            .map(|one| Record::Version(Arc::clone(one)));
        let projects = self
            .projects
            .values()
            .map(|one| Record::PagesProject(PagesProjectRecord::clone(one)));
        Snapshot {
            instance: self.instance.clone(),
            seq: self.seq,
            records: accounts
                .chain(secrets)
                .chain(workers)
                .chain(versions)
                .chain(projects)
                .collect(),
        }
    }

    /// Applies one change. A change applied before is harmless.
    pub(super) fn apply(&mut self, change: Change) -> Effect {
        self.seq = self.seq.max(change.seq);
        match change.record {
            Some(record) => self.put(record),
            None => self.remove(change.subject),
        }
        match change.subject {
            Subject::Account(_) => Effect::Both,
            Subject::Secret(_) => Effect::Secrets,
            Subject::Worker(_) | Subject::Version(_) | Subject::PagesProject(_) => Effect::Routes,
        }
    }

    pub(crate) fn account(&self, account_id: AccountId) -> Option<&Arc<AccountRecord>> {
        self.accounts.get(&account_id)
    }

    pub(crate) fn secret(
        &self,
        store_id: StoreId,
        name: &SecretName,
    ) -> Option<&Arc<SecretRecord>> {
        let secret_id = self.names.get(&store_id)?.get(name)?;
        self.secrets.get(secret_id)
    }

    pub(crate) fn workers(&self) -> impl Iterator<Item = &Arc<WorkerRecord>> {
        self.workers.values()
    }

    pub(crate) fn version(&self, version_id: VersionId) -> Option<&Arc<VersionRecord>> {
        self.versions.get(&version_id)
    }

    pub(crate) fn versions(&self) -> impl Iterator<Item = &Arc<VersionRecord>> {
        self.versions.values()
    }

    pub(crate) fn projects(&self) -> impl Iterator<Item = &Arc<PagesProjectRecord>> {
        self.projects.values()
    }

    fn put(&mut self, record: Record) {
        match record {
            Record::Account(account) => {
                self.accounts.insert(account.account_id, Arc::new(account));
            }
            Record::Secret(secret) => {
                self.forget_name(secret.secret_id);
                self.names
                    .entry(secret.store_id)
                    .or_default()
                    .insert(secret.name.clone(), secret.secret_id);
                self.secrets.insert(secret.secret_id, Arc::new(secret));
            }
            Record::Worker(worker) => {
                self.workers.insert(worker.worker_id, Arc::new(worker));
            }
            Record::Version(version) => {
                self.versions.insert(version.version_id, version);
            }
            Record::PagesProject(project) => {
                self.projects.insert(project.project_id, Arc::new(project));
            }
        }
    }

    fn remove(&mut self, subject: Subject) {
        match subject {
            Subject::Account(id) => {
                self.accounts.remove(&id);
            }
            Subject::Secret(id) => {
                self.forget_name(id);
                self.secrets.remove(&id);
            }
            Subject::Worker(id) => {
                self.workers.remove(&id);
            }
            Subject::Version(id) => {
                self.versions.remove(&id);
            }
            Subject::PagesProject(id) => {
                self.projects.remove(&id);
            }
        }
    }

    /// A name may have passed to another secret meanwhile; that one keeps it.
    fn forget_name(&mut self, secret_id: SecretId) {
        let Some(secret) = self.secrets.get(&secret_id) else {
            return;
        };
        let Some(names) = self.names.get_mut(&secret.store_id) else {
            return;
        };
        if names.get(&secret.name) == Some(&secret_id) {
            names.remove(&secret.name);
        }
        if names.is_empty() {
            self.names.remove(&secret.store_id);
        }
    }
}
