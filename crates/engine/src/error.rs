//! What a use case can refuse, without a word of HTTP.

use coffer_store::StoreError;
use coffer_types::name::InvalidName;
use coffer_types::{BindingName, SecretName, TokenId};

use crate::passkeys::PasskeyRefusal;
use crate::secrets_store::BoundSecret;

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a use case did nothing. Whatever it is, nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Parts of the request are wrong; each says what would be right. Never empty.
    #[error("invalid request")]
    Invalid(Vec<Invalid>),
    /// Nobody, or nobody we know.
    #[error(transparent)]
    Unauthenticated(Unauthenticated),
    /// A right token, from an address that it may not be used from.
    #[error("the token may not be used from this address")]
    WrongLocation(Option<std::net::IpAddr>),
    /// Known, but not permitted.
    #[error("not permitted")]
    Denied,
    /// Known and permitted to bind secrets of a store to a Worker, but the request goes beyond that: by these
    /// parts, in words. Never empty.
    #[error("beyond what may be edited")]
    BeyondBindings(Vec<String>),
    /// Known, but no user, as an account's own token.
    #[error("no user stands behind these credentials")]
    NoUser,
    /// Too many tries went wrong; the next counts after this many seconds.
    #[error("too many failed attempts: try again in {retry_after_seconds} s")]
    TooManyAttempts {
        /// Seconds to wait, at least 1.
        retry_after_seconds: u32,
    },
    /// Not there, or not for this actor to know of.
    #[error(transparent)]
    NotFound(Missing),
    /// Against the present state.
    #[error(transparent)]
    Conflict(Conflict),
    /// Against a limit of the account.
    #[error(transparent)]
    LimitExceeded(Limit),
    /// The database or the runtime is away; the text is for the operator.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A defect of ours or damage; the text is for the operator.
    #[error("internal error: {0}")]
    Internal(String),
}

/// One part of a request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// A JSON pointer into the body, or the parameter's name.
    pub pointer: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a part of a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The body is no JSON, or not of the expected shape.
    #[error("invalid_json_body: {0}")]
    Json(String),
    /// A secret without a name.
    #[error("secret_name_empty: give the secret a name")]
    SecretNameEmpty,
    /// A secret's name that is none.
    #[error("secret_name_invalid: a secret's name {0}")]
    SecretName(InvalidName),
    /// A store's name that is none.
    #[error("store_name_invalid: a store's name {0}")]
    StoreName(InvalidName),
    /// A comment that is too long.
    #[error("secret_comment_invalid: a comment {0}")]
    Comment(InvalidName),
    /// No scope.
    #[error("secret_scopes_empty: name at least one scope, such as \"workers\"")]
    ScopesEmpty,
    /// A scope that does not exist.
    #[error("secret_scope_invalid: a scope {0}")]
    ScopeUnknown(coffer_types::scope::UnknownScope),
    /// An empty value.
    #[error("secret_value_empty: give the secret a value")]
    ValueEmpty,
    /// A value over the account's limit.
    #[error(
        "secret_value_too_large: the value is {bytes} bytes, the limit of this account is {limit}"
    )]
    ValueTooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: u32,
    },
    /// Nothing to create.
    #[error("secrets_empty: send an array of 1 to {0} secrets")]
    SecretsEmpty(usize),
    /// More items than one request may have.
    #[error("too_many_secrets: send an array of 1 to {0} secrets")]
    TooManySecrets(usize),
    /// One name twice in one request.
    #[error("secret_name_repeated: {0} appears twice in this request")]
    SecretNameRepeated(SecretName),
    /// A query parameter out of bounds or unknown.
    #[error("invalid parameter: {0}")]
    Parameter(String),
    /// A Worker's name that is none.
    #[error("a Worker's name {0}")]
    WorkerName(InvalidName),
    /// An account's label in host names that is none.
    #[error("a subdomain {0}")]
    Subdomain(InvalidName),
    /// A per-Worker secret or variable that is too large.
    #[error("the text of {name} is {bytes} bytes, the limit is {limit}")]
    VariableTooLarge {
        /// Which.
        name: BindingName,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// An upload or its metadata that does not make a version; the runtime's own message where it has one.
    #[error("{0}")]
    Script(String),
    /// Code that is too large.
    #[error("{0}")]
    ScriptTooLarge(String),
    /// An upload without the parts it needs, or with parts that are wrong.
    #[error("{0}")]
    Upload(String),
    /// A binding to a Worker that is not there.
    #[error(
        "service binding '{binding}' refers to the Worker '{service}', which is not found: deploy that Worker first, or correct its name"
    )]
    ServiceMissing {
        /// The binding.
        binding: String,
        /// The Worker.
        service: String,
    },
    /// A binding to a store's secret that is not there.
    #[error(
        "Secrets Store binding '{binding}' references store '{store}' and secret '{secret}' which were not found."
    )]
    SecretBindingMissing {
        /// The binding.
        binding: String,
        /// The store it names.
        store: String,
        /// The secret it names.
        secret: String,
    },
    /// A binding to a secret without the `workers` scope, or by someone who may not bind.
    #[error(
        "Secrets store binding authorization failed. Check your permissions and secret scopes."
    )]
    SecretBindingUnauthorized,
    /// A binding that should be inherited and is not there.
    #[error("inherit binding '{0}' is invalid: the previous version has no such binding")]
    InheritMissing(String),
    /// A filter of a tail that is none.
    #[error("tail_filter_invalid: {0}")]
    TailFilter(String),
    /// A cron trigger that is none.
    #[error("invalid cron string: {0}")]
    Cron(coffer_types::cron::InvalidCron),
    /// More cron triggers than a Worker may have.
    #[error("too many cron triggers: a Worker may have up to {0}")]
    TooManyCrons(usize),
    /// Shares that do not make a deployment.
    #[error("{0}")]
    Split(coffer_types::deployment::InvalidSplit),
    /// An e-mail address that is none.
    #[error("email_invalid: an e-mail address {0}")]
    Email(InvalidName),
    /// An account's name that is none.
    #[error("account_name_invalid: an account's name {0}")]
    AccountName(InvalidName),
    /// A person's name that is none.
    #[error("name_invalid: a name {0}")]
    PersonName(InvalidName),
    /// No role.
    #[error("roles_empty: name at least one role")]
    RolesEmpty,
    /// A role that does not exist.
    #[error("role_unknown: no role has this id; the account's roles are listed at /roles")]
    RoleUnknown,
    /// A part that must be otherwise; the text says how.
    #[error("not_offered: {0}")]
    NotOffered(&'static str),
    /// A new password that is too short.
    #[error("password_too_short: a password needs at least {0} characters")]
    PasswordTooShort(usize),
    /// A password that is too long.
    #[error("password_too_long: a password may have at most {0} characters")]
    PasswordTooLong(usize),
    /// A new password that is the user's address.
    #[error("password_is_email: a password must not be the e-mail address")]
    PasswordIsEmail,
    /// A new password that is the old one.
    #[error("password_unchanged: the new password must differ from the current one")]
    PasswordUnchanged,
    /// A password that is not the user's.
    #[error("password_wrong: this is not your current password")]
    PasswordWrong,
    /// A code that is none of the user's second factor, or was used before.
    #[error("code_wrong: this is no code of your authenticator app, or it was used before")]
    CodeWrong,
    /// A passkey's name that is none.
    #[error("a passkey's name {0}")]
    PasskeyName(InvalidName),
    /// A passkey that is not accepted.
    #[error("passkey_refused: the passkey was not accepted: {0}")]
    Passkey(PasskeyRefusal),
    /// A token's name that is none.
    #[error("a token's name {0}")]
    TokenName(InvalidName),
    /// Another field of a token that is wrong.
    #[error("{0}")]
    Token(String),
    /// The name of a Pages project that is none.
    #[error("a project's name {0}")]
    PagesProjectName(InvalidName),
    /// A branch that is none.
    #[error("a branch {0}")]
    PagesBranch(InvalidName),
    /// Another part of a Pages project that is wrong.
    #[error("{0}")]
    Pages(String),
    /// A host name that is none.
    #[error("a host name {0}")]
    Hostname(coffer_types::hostname::InvalidHostname),
    /// A route's pattern that is none.
    #[error("a route's pattern {0}")]
    Route(coffer_types::hostname::InvalidPattern),
    /// A host name or a route that cannot be had; the text says why.
    #[error("{0}")]
    Host(String),
    /// An `Idempotency-Key` that is empty or too long.
    #[error("Idempotency-Key must be 1 to {0} visible ASCII characters")]
    IdempotencyKey(usize),
    /// An `Idempotency-Key` with a password. A digest of the request would be kept, and with it one of the password.
    #[error(
        "Idempotency-Key cannot be used with a request that has a password, of which nothing is kept; send it without"
    )]
    IdempotencyKeyWithPassword,
}

/// Why nobody was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// No credentials.
    #[error("no credentials")]
    Missing,
    /// Credentials of no known form.
    #[error("malformed credentials")]
    Malformed,
    /// Wrong, disabled, expired or not yet valid. Which of these is not told.
    #[error("invalid credentials")]
    Invalid,
    /// The password was right; a code of the second factor is missing, or wrong.
    #[error("a code of the second factor is needed")]
    SecondFactor,
    /// The code came too long after the password.
    #[error("the code came too late: sign in again")]
    SecondStepLate,
    /// The passkey is not accepted.
    #[error("the passkey was not accepted: {0}")]
    Passkey(PasskeyRefusal),
    /// A token of an upload to a Pages project that has ended, or whose project is gone.
    #[error("no token of an open upload")]
    PagesUpload,
}

/// What is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Missing {
    /// The account.
    #[error("no such account")]
    Account,
    /// The store.
    #[error("no such store")]
    Store,
    /// The secret, in a store that is there.
    #[error("no such secret")]
    Secret,
    /// The Worker.
    #[error("no such Worker")]
    Worker,
    /// The version.
    #[error("no such version")]
    Version,
    /// The Worker has no version yet.
    #[error("the Worker has no version")]
    AnyVersion,
    /// The deployment.
    #[error("no such deployment")]
    Deployment,
    /// The account's label in host names.
    #[error("the account has no subdomain")]
    Subdomain,
    /// An account with this label in host names.
    #[error("no account has the subdomain")]
    AccountOfSubdomain,
    /// The session.
    #[error("no such session")]
    Session,
    /// The tail, or its address was used before.
    #[error("no such tail")]
    Tail,
    /// The per-Worker secret.
    #[error("no such secret on the Worker")]
    WorkerSecret,
    /// The event, at the time that was told.
    #[error("no such event at that time")]
    AuditEvent,
    /// The member of the account.
    #[error("no such member")]
    Member,
    /// The role.
    #[error("no such role")]
    Role,
    /// The user's membership.
    #[error("no such membership")]
    Membership,
    /// The invitation: there never was one, or it was used, replaced or withdrawn.
    #[error("no such invitation")]
    Invitation,
    /// An invitation that was not accepted in time.
    #[error("the invitation has expired")]
    LiveInvitation,
    /// A device that waits to be signed in, by its code.
    #[error("no device waits with this code")]
    DeviceLogin,
    /// The API token.
    #[error("no such token")]
    Token,
    /// The permission group.
    #[error("no such permission group")]
    PermissionGroup,
    /// The host name.
    #[error("no such host name")]
    Hostname,
    /// The Pages project.
    #[error("no such Pages project")]
    PagesProject,
    /// The deployment of a Pages project.
    #[error("no such Pages deployment")]
    PagesDeployment,
    /// The user with an e-mail address.
    #[error("no user has this e-mail address")]
    User,
    /// The user's second factor.
    #[error("the user has no second factor")]
    SecondFactor,
    /// The user's passkey.
    #[error("no such passkey")]
    Passkey,
}

/// What the present state does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The name is another secret's.
    #[error("the store has a secret of this name: {0}")]
    SecretName(SecretName),
    /// The secret was changed since the client looked at it.
    #[error("the secret was changed at the same time")]
    SecretChanged,
    /// The name is another store's.
    #[error("the account has a store of this name")]
    StoreName,
    /// The store has secrets.
    #[error("the store has secrets")]
    StoreNotEmpty,
    /// Deployed versions bind the secrets, and the account protects such. Never empty.
    #[error("deployed Workers are bound to the secrets")]
    SecretsBound(Vec<BoundSecret>),
    /// Others have the host names. Never empty.
    #[error("the host names are taken")]
    Hosts(Vec<HostConflict>),
    /// Another account has the label in host names, or it is kept for something else.
    #[error("the subdomain is taken")]
    Subdomain,
    /// The name is another Pages project's.
    #[error("the account has a Pages project of this name")]
    PagesProjectName,
    /// The Pages project changed while the request was at work.
    #[error("the Pages project was changed at the same time")]
    PagesProjectChanged,
    /// The deployment answers at its project's own host name.
    #[error("the deployment is the project's production")]
    PagesDeploymentLive,
    /// The deployment answers at its branch's host name.
    #[error("the deployment is its branch's newest")]
    PagesDeploymentAliased,
    /// The deployment was to no production.
    #[error("the deployment is a preview")]
    PagesDeploymentPreview,
    /// The name is another Worker's.
    #[error("the account has a Worker of this name")]
    WorkerName,
    /// Traffic goes to the version.
    #[error("the version is deployed")]
    VersionDeployed,
    /// The deployment divides the traffic now.
    #[error("the deployment is active")]
    DeploymentActive,
    /// The newest version is not deployed.
    #[error("the latest version is not deployed")]
    LatestVersionNotDeployed,
    /// A roll back would bring back other secrets.
    #[error("secrets have changed since that version")]
    SecretsChanged(Vec<BindingName>),
    /// The Worker changed while the request was at work.
    #[error("the Worker was changed at the same time")]
    WorkerChanged,
    /// Somebody has the e-mail address.
    #[error("a user has this e-mail address: invite that user into the account instead")]
    UserExists,
    /// The user is a member of the account.
    #[error("the user is a member of the account")]
    AlreadyMember,
    /// Nobody else is a Super Administrator of the account.
    #[error("the account would have no Super Administrator")]
    LastSuperAdministrator,
    /// The invitation was answered before, in another way.
    #[error("the invitation was answered before")]
    InvitationAnswered,
    /// An invitation is accepted with the text of its link: whoever has the address's user need not have the mail.
    #[error("the invitation is accepted with the text of its link")]
    InvitationTextMissing,
    /// The user's password or global API key changed while the request was at work.
    #[error("the password or the global API key was changed at the same time")]
    CredentialsChanged,
    /// The user has a second factor.
    #[error("a second factor is set up: remove it first")]
    SecondFactorOn,
    /// No second factor is being set up, or that was begun too long ago.
    #[error("no second factor is being set up: begin again")]
    NoEnrolment,
    /// A user has the passkey already.
    #[error("the passkey is in use here already")]
    PasskeyKnown,
    /// The global API key is of before its text was kept.
    #[error("the global API key cannot be shown: roll it")]
    GlobalKeyNotKept,
    /// The request was done before, and what it made is shown only once.
    #[error("the value of token {0} was shown once")]
    ShownOnce(TokenId),
    /// The `Idempotency-Key` was used for another request.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
}

/// A host name or a route that another has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostConflict {
    /// Where the request names it.
    pub pointer: String,
    /// The name or the pattern.
    pub name: String,
    /// Who has it.
    pub taken: HostTaken,
}

/// Who has a host name or a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostTaken {
    /// Another Worker of the account has the host name.
    ByOtherWorker,
    /// Another Worker of the account has the route.
    ByOtherRoute,
    /// Another account; which is not told.
    Elsewhere,
}

/// Which limit would be exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// Stores of the account.
    #[error("at most {0} stores per account")]
    Stores(u32),
    /// Secrets of the account.
    #[error("at most {0} secrets per account")]
    Secrets(u32),
    /// Workers of the account.
    #[error("at most {0} Workers per account")]
    Workers(u32),
    /// Pages projects of the account.
    #[error("at most {0} Pages projects per account")]
    PagesProjects(u32),
    /// Tokens of a user.
    #[error("at most {0} tokens per user")]
    TokensOfUser(u32),
    /// Passkeys of a user.
    #[error("at most {0} passkeys per user: remove one first")]
    Passkeys(u32),
    /// Tokens of the account's own.
    #[error("at most {0} tokens per account")]
    TokensOfAccount(u32),
    /// Members of the account, and who is invited.
    #[error("at most {0} members per account")]
    Members(u32),
    /// Host names of the account's Workers.
    #[error("at most {0} host names per account")]
    Hostnames(u32),
    /// Routes of the account.
    #[error("at most {0} routes per account")]
    Routes(u32),
    /// Tails of the Worker.
    #[error("at most {0} tails per Worker")]
    Tails(u32),
}

impl Error {
    /// The error of one wrong part.
    pub fn invalid(pointer: impl Into<String>, problem: Problem) -> Self {
        Self::Invalid(vec![Invalid {
            pointer: pointer.into(),
            problem,
        }])
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(reason) => Self::Unavailable(reason),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<coffer_crypto::CryptoError> for Error {
    fn from(error: coffer_crypto::CryptoError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<Unauthenticated> for Error {
    fn from(reason: Unauthenticated) -> Self {
        Self::Unauthenticated(reason)
    }
}

impl From<Missing> for Error {
    fn from(what: Missing) -> Self {
        Self::NotFound(what)
    }
}

impl From<Conflict> for Error {
    fn from(with: Conflict) -> Self {
        Self::Conflict(with)
    }
}

impl From<Limit> for Error {
    fn from(limit: Limit) -> Self {
        Self::LimitExceeded(limit)
    }
}
