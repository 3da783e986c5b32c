//! The words of the audit log.

use serde::{Deserialize, Serialize};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A service read a secret's value.
    Access,
    /// Something was made.
    Create,
    /// Something was changed.
    Update,
    /// Something was removed.
    Delete,
}

impl Action {
    /// The action's word in storage and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// By which door the actor came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorContext {
    /// An API token.
    ApiToken,
    /// An e-mail address and its global API key.
    ApiKey,
    /// The dashboard.
    Dash,
    /// Coffer itself: an edge, or the operator's command on the data directory.
    System,
}

impl ActorContext {
    /// The context's word in storage and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiToken => "api_token",
            Self::ApiKey => "api_key",
            Self::Dash => "dash",
            Self::System => "system",
        }
    }
}

/// What kind of actor it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A user, by whichever door.
    User,
    /// An account, by a token of its own.
    Account,
    /// Coffer itself, or its operator.
    System,
}

impl ActorKind {
    /// The kind's word in storage and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Account => "account",
            Self::System => "system",
        }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused; nothing changed.
    Failure,
}

impl Outcome {
    /// The outcome's word in storage and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// The kind of thing an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// An account.
    Account,
    /// A user.
    User,
    /// A member of an account.
    Member,
    /// An API token.
    Token,
    /// A Secrets Store.
    Store,
    /// A secret of a store.
    Secret,
    /// A Worker.
    Worker,
    /// A version of a Worker.
    Version,
    /// A deployment of a Worker.
    Deployment,
    /// A per-Worker secret.
    WorkerSecret,
    /// A signed-in session of a user.
    Session,
    /// A Pages project.
    PagesProject,
    /// A secret of a Pages project.
    PagesSecret,
    /// A deployment of a Pages project.
    PagesDeployment,
    /// Somebody who follows a Worker's logs.
    Tail,
}

impl ResourceKind {
    /// The kind's word in storage and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::User => "user",
            Self::Member => "member",
            Self::Token => "token",
            Self::Store => "store",
            Self::Secret => "secret",
            Self::Worker => "worker",
            Self::Version => "version",
            Self::Deployment => "deployment",
            Self::WorkerSecret => "worker_secret",
            Self::Session => "session",
            Self::PagesProject => "pages_project",
            Self::PagesSecret => "pages_secret",
            Self::PagesDeployment => "pages_deployment",
            Self::Tail => "tail",
        }
    }
}
