//! The domain's vocabulary: ids, names, scopes, roles, permissions, bindings, limits and audit words.
//!
//! Everything here is parsed once at the border into a type that cannot be wrong and is never checked
//! again inside. The crate knows no I/O but the time of day, no SQL, no HTTP and no cryptography, and it never
//! holds a secret's value.
//!
//! To add a word: give it a module named by its noun, a parser that refuses with a message saying what
//! would be right, and a bound in [`limits`] if it can grow.

pub mod access;
pub mod assets;
pub mod audit;
pub mod binding;
pub mod clock;
pub mod cron;
pub mod deployment;
pub mod hostname;
pub mod id;
pub mod limits;
pub mod module;
pub mod name;
pub mod pages;
pub mod scope;
pub mod secret;
pub mod usage_model;

pub use access::{
    Effect, GroupScope, IpCondition, IpRange, MembershipStatus, Permission, PermissionGroup,
    Permissions, Policy, Resource, Role,
};
pub use assets::{Asset, AssetManifest, Assets, AssetsConfig};
pub use binding::{Binding, BindingKind, KeyDescription, KeyFormat, KeyUsage};
pub use clock::{Clock, Random, SystemClock, Timestamp};
pub use cron::Cron;
pub use deployment::{Percentage, Split};
pub use hostname::{HostPattern, Hostname, RoutePattern};
pub use id::{
    AccountId, AuditEventId, DeploymentId, EdgeId, MemberId, PagesProjectId, PasskeyId, RequestId,
    SecretId, SessionId, StoreId, TailId, TokenId, UserId, VersionId, WorkerHostId, WorkerId,
    WorkerRouteId, WorkerSecretId, ZoneId,
};
pub use module::{Digest, Format, Module, ModuleKind};
pub use name::{
    AccountName, BindingName, Comment, Email, ModuleName, PagesBranch, PagesProjectName,
    PasskeyName, PersonName, SecretName, StoreName, Subdomain, TokenName, WorkerName,
};
pub use pages::{PagesConfiguration, PagesConfigurations, PagesEnvironment};
pub use scope::{Scope, Scopes};
pub use secret::{Owner, Place, SecretStatus, ValueVersion, WrappedAccountKey};
pub use usage_model::UsageModel;
