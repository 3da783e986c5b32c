//! The use cases: authorize, validate, seal, then one transaction of rows, audit events and changes.
//!
//! Knows the store, a [`coffer_crypto::Sealer`] and the domain. Must never know HTTP or the runtime, and
//! cannot open a sealed value: it does not depend on the crate that does.
//!
//! To add a use case: one file named by its verb in the folder of its noun, an `impl Engine` with one
//! method that takes a [`Permit`] for what it needs, and a change record if edges must learn of it. What it
//! writes goes through `Engine::mutate`, which asks for the audit event.

mod account_settings;
mod account_usage;
mod actor;
mod assets;
mod attempts;
mod audit;
mod authenticate;
mod authorize;
pub mod backup;
mod device_logins;
mod engine;
mod error;
mod feed;
mod global_key;
mod identity;
mod installation;
mod invitations;
pub mod keys;
pub mod log;
mod members;
mod mutate;
mod operator;
mod pages;
mod passkeys;
mod passwords;
mod provision;
mod second_factor;
mod secrets_store;
mod sessions;
mod tokens;
mod uses;
mod workers;

pub use coffer_crypto::{PASSKEY_ALGORITHMS, SecretValue, TokenText};
pub use coffer_store::OpenError;
pub use coffer_store::rows::accounts::AccountLimits;
pub use coffer_store::rows::secrets::{SecretFilter, SecretOrder};
pub use coffer_store::rows::stores::StoreOrder;
pub use coffer_store::rows::{Direction, Slice};

pub use account_settings::CofferSettingsChanges;
pub use account_usage::AccountUsage;
pub use actor::{Actor, Caller, Credentials, IdempotencyKey, RawRequest, RequestMeta};
pub use assets::{AssetPermit, AssetUpload, ManifestEntry, NewAsset, NewAssets, NewManifest};
pub use attempts::{
    Attempt, AttemptFigures, AttemptKind, AttemptLimits, AttemptRate, Attempts, InvalidRate,
    LimitedBy,
};
pub use audit::{
    AuditField, AuditFilter, AuditPage, AuditQuery, Denied, FirstVersionQuery, HistoryQuery,
    TimeRange, categories as audit_product_categories,
};
pub use authorize::{
    BindSecrets, DeployPages, DeployWorkers, EditBindings, EditSettings, ManageAccount,
    ManageMemberships, ManageSecrets, ManageTokens, ManageUser, ManageUserTokens, Permit, Requires,
    TailWorkers, UserPermit, ViewAccount, ViewAudit, ViewMembers, ViewMemberships, ViewPages,
    ViewSecrets, ViewTokens, ViewUser, ViewUserTokens, ViewWorkers,
};
pub use device_logins::{DeviceLogin, DeviceLoginAsked, DevicePoll, NewDeviceLogin};
pub use engine::Engine;
pub use error::{
    Conflict, Error, HostConflict, HostTaken, Invalid, Limit, Missing, Problem, Result,
    Unauthenticated,
};
pub use identity::{AccountList, InvitationAnswer, UserChanges};
pub use installation::{AccountSummary, Installation, InstallationError};
pub use invitations::Invitation;
pub use members::{Invited, MemberList, MemberOrder, MemberPage};
pub use operator::{CreatedAccount, CreatedUser, Entry, Operator};
pub use pages::{
    NewPagesDeployment, NewPagesProject, NewPagesVariable, PagesConfigurationChanges,
    PagesDeploymentPage, PagesProjectChanges, PagesProjectPage, PagesUploadPermit,
};
pub use passkeys::{
    NewPasskey, NoPasskeys, Passkey, PasskeyAnswer, PasskeyOffer, PasskeyRefusal, PasskeySite,
};
pub use provision::{Initialised, NewInstallation};
pub use second_factor::{NewSecondFactor, PendingSignIn, RecoveryCodes, SecondFactor, SignInStep};
pub use secrets_store::{
    BoundSecret, Candidate, DuplicateSecret, NewSecret, ReadsDivision, ReadsPart, SecretChanges,
    SecretList, SecretPage, SecretUse, StoreList, StorePage, UnusedList, UnusedPage,
};
pub use sessions::{Ended, SignedIn};
pub use tokens::{
    AccountGroupList, CreatedToken, TokenGroupList, TokenList, TokenPage, TokenSettings,
    TokensPermit,
};
pub use workers::{
    Annotations, Code, Compatibility, HostRules, NewBinding, NewBindingKind, NewDeployment,
    NewModule, NewTail, NewVersion, PartBinding, Published, ScriptSettingsChanges, SecretEdit,
    SettingsChanges, SubdomainChange, TailEnd, TailFrame, TailStream, TailView, Upload,
    VersionContent, VersionPage, VersionPatch, WantedHost, WhichVersion, WorkerChanges,
    WorkerFacts, WorkersAccountChanges,
};
