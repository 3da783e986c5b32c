//! The shapes of Coffer's own calls about where secrets are used. None of them has room for a value.

use coffer_types::deployment::Share;
use coffer_types::{
    BindingName, DeploymentId, SecretId, SecretName, StoreId, Timestamp, VersionId, WorkerId,
    WorkerName,
};
use serde::{Deserialize, Serialize};

/// Where a secret is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecretUsage {
    /// The secret.
    pub secret_id: SecretId,
    /// Its store.
    pub store_id: StoreId,
    /// Its name.
    pub name: SecretName,
    /// The Workers that bind it or have read it: those that bind it first, by name.
    pub workers: Vec<WorkerUsage>,
    /// Whether versions that bind it, or Workers that read it and bind it no more, are left out.
    pub truncated: bool,
}

/// A Worker's use of a secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerUsage {
    /// The Worker.
    pub worker_id: WorkerId,
    /// Its name; `None` if the Worker is gone.
    pub worker_name: Option<WorkerName>,
    /// Whether one of its versions binds the secret. If not, it only read it once.
    pub bound: bool,
    /// Whether a version that binds the secret has a share of its traffic.
    pub deployed: bool,
    /// How many of its versions bind the secret, those that are left out included.
    pub version_count: u32,
    /// Versions that bind the secret, newest first.
    pub versions: Vec<VersionUsage>,
    /// The active deployment, if it has one and binds the secret at all.
    pub deployment: Option<DeploymentUsage>,
    /// Its reads; `None` if it has read nothing.
    pub reads: Option<ReadsUsage>,
}

/// A version that binds a secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionUsage {
    /// The version.
    pub id: VersionId,
    /// Counts the Worker's versions, from 1.
    pub number: u32,
    /// When it was made.
    pub created_on: Timestamp,
    /// The properties of `env` that give the secret.
    pub bindings: Vec<BindingName>,
    /// Whether it has a share of the traffic.
    pub deployed: bool,
}

/// A Worker's active deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeploymentUsage {
    /// The deployment.
    pub id: DeploymentId,
    /// When it was made.
    pub created_on: Timestamp,
    /// How traffic is divided, also among versions that do not bind the secret.
    pub versions: Vec<Share>,
}

/// Reads of a secret by a Worker. Edges tell of them after a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadsUsage {
    /// The first.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
    /// How many.
    pub count: u64,
}

/// A secret that nothing read for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnusedSecret {
    /// The secret.
    pub id: SecretId,
    /// Its store.
    pub store_id: StoreId,
    /// Its name.
    pub name: SecretName,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last read; `None` if it never was.
    pub last_read: Option<Timestamp>,
    /// Whether a version of a Worker binds it, deployed or not.
    pub bound: bool,
}

/// Settings of an account that the original does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CofferSettings {
    /// Whether a secret that a deployed version binds is kept from being deleted without force.
    pub protect_bound_secrets: bool,
}
