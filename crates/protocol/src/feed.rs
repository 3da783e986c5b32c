//! The feed: how an edge learns what to serve, and what it reports back.
//!
//! An edge takes a [`Snapshot`], then follows [`ChangeSource::changes`] in order. Each change carries
//! the subject's state as it was read, which is at least as new as the change; applying one twice is
//! harmless. Values travel sealed; account keys travel wrapped.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use coffer_types::{
    AccountId, Assets, Binding, BindingName, Cron, Digest, EdgeId, Format, Hostname, Module,
    ModuleName, PagesProjectId, RoutePattern, Scopes, SecretId, SecretName, Split, StoreId,
    Subdomain, Timestamp, ValueVersion, VersionId, WorkerId, WorkerName, WorkerSecretId,
    WrappedAccountKey,
};

/// A place in the order of changes. Grows by one with every change; zero is before the first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Seq(pub u64);

/// Everything an edge needs, as it was at one place in the order of changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// Identifies the database; a replica of another one must be thrown away.
    pub instance: String,
    /// The last change that the records include.
    pub seq: Seq,
    /// The state of every subject.
    pub records: Vec<Record>,
}

/// One change, with the state of its subject.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Change {
    /// Its place in the order.
    pub seq: Seq,
    /// What changed.
    pub subject: Subject,
    /// The subject's present state; `None` when it is gone.
    pub record: Option<Record>,
}

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub enum Subject {
    /// An account or its keys.
    Account(AccountId),
    /// A secret of a store.
    Secret(SecretId),
    /// A Worker, its settings or its deployment.
    Worker(WorkerId),
    /// A version of a Worker, or a deployment of a Pages project.
    Version(VersionId),
    /// A Pages project, or which of its deployments answers where.
    PagesProject(PagesProjectId),
}

/// The state of one subject.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Record {
    /// An account.
    Account(AccountRecord),
    /// A secret.
    Secret(SecretRecord),
    /// A Worker.
    Worker(WorkerRecord),
    /// A version. It never changes, so it may be shared.
    Version(Arc<VersionRecord>),
    /// A Pages project.
    PagesProject(PagesProjectRecord),
}

/// An account as an edge needs it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountRecord {
    /// The account.
    pub account_id: AccountId,
    /// Its label in host names; without one its Workers answer at none that begins with their names.
    #[serde(default)]
    pub subdomain: Option<Subdomain>,
    /// Its keys, each wrapped under a master key.
    pub keys: Vec<WrappedAccountKey>,
}

/// A secret as an edge needs it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SecretRecord {
    /// The account that owns it.
    pub account_id: AccountId,
    /// Its store.
    pub store_id: StoreId,
    /// The secret.
    pub secret_id: SecretId,
    /// Its name in the store.
    pub name: SecretName,
    /// Who may use it.
    pub scopes: Scopes,
    /// Which value this is; bound into the envelope.
    pub value_version: ValueVersion,
    /// The envelope.
    pub sealed: Bytes,
}

/// A Worker as an edge needs it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkerRecord {
    /// The account that owns it.
    pub account_id: AccountId,
    /// The Worker.
    pub worker_id: WorkerId,
    /// Its name, the first label of its host names.
    pub name: WorkerName,
    /// Whether it answers at its own host name.
    pub subdomain_enabled: bool,
    /// Whether its versions answer at preview host names.
    pub previews_enabled: bool,
    /// The active deployment's division of traffic; `None` before the first.
    pub deployment: Option<Split>,
    /// When the clock runs it.
    #[serde(default)]
    pub crons: Vec<Cron>,
    /// Further host names at which it answers.
    #[serde(default)]
    pub hosts: Vec<Hostname>,
    /// Requests at other host names that it answers.
    #[serde(default)]
    pub routes: Vec<RoutePattern>,
}

/// A Pages project as an edge needs it. Its deployments are versions of a Worker that has no record of its own and
/// no name among the account's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PagesProjectRecord {
    /// The account that owns it.
    pub account_id: AccountId,
    /// The project.
    pub project_id: PagesProjectId,
    /// The Worker whose versions its deployments are.
    pub worker_id: WorkerId,
    /// The first label of its host name, `<label>.pages.<domain>`.
    pub label: String,
    /// The deployment that answers there; `None` before the first to production.
    pub production: Option<VersionId>,
    /// The deployments that answer at `<alias>.<label>.pages.<domain>`, one of each branch.
    #[serde(default)]
    pub branches: Vec<(String, VersionId)>,
}

/// A version as an edge needs it. Immutable.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VersionRecord {
    /// The account that owns it.
    pub account_id: AccountId,
    /// Its Worker.
    pub worker_id: WorkerId,
    /// Its Worker's name, for logs.
    pub worker_name: WorkerName,
    /// The version.
    pub version_id: VersionId,
    /// Counts the Worker's versions, from 1.
    pub number: u32,
    /// The module whose default export handles requests; `None` for a draft without code.
    pub main_module: Option<ModuleName>,
    /// Its modules; contents are fetched by digest.
    pub modules: Vec<Module>,
    /// Its bindings.
    pub bindings: Vec<Binding>,
    /// The sealed values of its `secret_text` and `secret_key` bindings.
    pub secrets: Vec<SealedWorkerSecret>,
    /// The runtime's behaviour is fixed at this date, `YYYY-MM-DD`.
    pub compatibility_date: String,
    /// Exceptions to that date.
    pub compatibility_flags: Vec<String>,
    /// How its code is written.
    #[serde(default)]
    pub format: Format,
    /// Its static files.
    #[serde(default)]
    pub assets: Option<Assets>,
    /// What its author calls it.
    #[serde(default)]
    pub tag: Option<String>,
    /// When it was made; `None` only in a replica written before this was told.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
}

/// The sealed value of a `secret_text` binding, or the sealed material of a `secret_key` binding.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SealedWorkerSecret {
    /// The binding that it belongs to.
    pub name: BindingName,
    /// Its id, bound into the envelope.
    pub secret_id: WorkerSecretId,
    /// The envelope.
    pub sealed: Bytes,
}

/// Reads of one secret by one version, since the last report.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessReport {
    /// The account.
    pub account_id: AccountId,
    /// The secret's store.
    pub store_id: StoreId,
    /// The secret.
    pub secret_id: SecretId,
    /// Which value was read.
    pub value_version: ValueVersion,
    /// The Worker that read it.
    pub worker_id: WorkerId,
    /// The version that read it.
    pub version_id: VersionId,
    /// The first read reported here.
    pub first_at: Timestamp,
    /// The last read reported here.
    pub last_at: Timestamp,
    /// How many reads.
    pub reads: u64,
}

/// Why the feed gave nothing. The edge keeps serving what it has and tries again.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The control plane or its database is away.
    #[error("the control plane is unavailable: {0}")]
    Unavailable(String),
    /// The requested content is not there.
    #[error("no such content")]
    NotFound,
    /// The order no longer reaches back that far: take a new snapshot.
    #[error("the change order starts after the requested place")]
    TooOld,
}

/// Where an edge learns what to serve. In one process the engine implements it.
#[async_trait]
pub trait ChangeSource: Send + Sync {
    /// Everything, as of one place in the order.
    async fn snapshot(&self) -> Result<Snapshot, FeedError>;

    /// The changes after a place, in order and at least one: waits until there is one.
    async fn changes(&self, after: Seq) -> Result<Vec<Change>, FeedError>;

    /// A module's content.
    async fn blob(&self, digest: Digest) -> Result<Bytes, FeedError>;

    /// Tells that this live edge serves everything up to and including `seq`.
    async fn acknowledge(&self, edge: EdgeId, seq: Seq);

    /// Tells of reads, for the audit log. On an error the edge keeps them and reports again.
    async fn report_access(&self, reports: &[AccessReport]) -> Result<(), FeedError>;
}
