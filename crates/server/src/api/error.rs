//! Refusals: the one place that maps what the engine says to statuses and v4 codes.

use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use coffer_engine::{
    BoundSecret, Conflict, Error, HostConflict, HostTaken, Invalid, Limit, Missing, Problem,
    Unauthenticated,
};
use coffer_protocol::v4::{Envelope, ErrorInfo, ErrorSource};
use coffer_types::limits::MAX_WORKERS_NAMED;

use super::answer::json_response;
use super::denials::ForWantOfPermission;

/// How long clients should wait before they try an unavailable server again, in seconds.
const RETRY_AFTER_SECONDS: u16 = 1;

/// A refusal of the API.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// What the engine refused.
    Engine(Error),
    /// A Worker that is not there, asked for as a service.
    ServiceNotFound,
    /// The asking token is no user's token.
    NotAUserToken,
    /// No token asks.
    NoToken,
    /// A browser was made to send the request by something that is no page of this origin, or does not say.
    OtherSite,
    /// No route has this path.
    NoRoute(String),
    /// A path with an empty id.
    EmptyId,
    /// The route does not have this method.
    MethodNotAllowed {
        /// Whether the path is of the Workers API, which has its own code.
        workers: bool,
    },
    /// A real operation that Coffer does not offer.
    NotOffered(&'static str),
    /// The body is over the bound, in bytes.
    BodyTooLarge(usize),
    /// An upload has more parts than the bound.
    TooManyParts(usize),
    /// The client went away or broke its own framing.
    BodyUnreadable,
    /// The client began a body and sends no more of it.
    BodyTooSlow,
    /// A tail's address, asked for by something that cannot follow a tail.
    NotATailClient,
    /// An upload that does not say that it is multipart, or with which boundary.
    NotMultipart,
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

/// The result of a handler.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, errors) = self.describe();
        let mut response = json_response(status, &Envelope::<()>::failure(errors));
        if self.is_for_want_of_permission() {
            response.extensions_mut().insert(ForWantOfPermission);
        }
        let headers = response.headers_mut();
        match status {
            // Clients made by Stainless repeat every 409 unless told not to.
            StatusCode::CONFLICT => {
                headers.insert(
                    HeaderName::from_static("x-should-retry"),
                    HeaderValue::from_static("false"),
                );
            }
            StatusCode::TOO_MANY_REQUESTS => {
                if let Self::Engine(Error::TooManyAttempts {
                    retry_after_seconds,
                }) = &self
                {
                    headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_seconds));
                }
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
            }
            _ => {}
        }
        response
    }
}

impl ApiError {
    /// The refusal of a path that no route has. It repeats the path, but no more than a line of it.
    pub(crate) fn no_route(uri: &Uri) -> Self {
        let path = uri.path();
        let below = path.strip_prefix(super::PREFIX).unwrap_or(path);
        Self::NoRoute(below.chars().take(200).collect())
    }

    /// The engine's error, if it is one.
    pub(crate) fn engine(&self) -> Option<&Error> {
        match self {
            Self::Engine(error) => Some(error),
            _ => None,
        }
    }

    /// Whether who asks would need a permission that is missing.
    fn is_for_want_of_permission(&self) -> bool {
        match self {
            Self::Engine(Error::Denied | Error::BeyondBindings(_) | Error::NoUser) => true,
            Self::Engine(Error::Invalid(problems)) => problems
                .iter()
                .any(|one| one.problem == Problem::SecretBindingUnauthorized),
            _ => false,
        }
    }

    /// The status and the errors as they are answered.
    pub(crate) fn describe(&self) -> (StatusCode, Vec<ErrorInfo>) {
        let (status, code, message) = match self {
            Self::Engine(Error::Invalid(problems)) => return describe_problems(problems),
            Self::Engine(Error::Conflict(Conflict::SecretsBound(bound))) => {
                return describe_bound(bound);
            }
            Self::Engine(Error::Conflict(Conflict::Hosts(conflicts))) => {
                return describe_hosts(conflicts);
            }
            Self::Engine(error) => describe_engine(error),
            Self::ServiceNotFound => (
                StatusCode::NOT_FOUND,
                10090,
                "workers.api.error.service_not_found".to_owned(),
            ),
            Self::NotAUserToken => (
                StatusCode::UNAUTHORIZED,
                1000,
                "Invalid API Token".to_owned(),
            ),
            Self::NoToken => (
                StatusCode::UNAUTHORIZED,
                1001,
                "Missing authentication".to_owned(),
            ),
            Self::OtherSite => (
                StatusCode::FORBIDDEN,
                9109,
                "Unauthorized to access requested resource: with a session, only pages of this origin may change \
                 something; send its Origin header, or use an API token"
                    .to_owned(),
            ),
            Self::NotATailClient => (
                StatusCode::UPGRADE_REQUIRED,
                1001,
                "a tail is followed by a WebSocket with the subprotocol trace-v1".to_owned(),
            ),
            Self::NoRoute(path) => (StatusCode::NOT_FOUND, 7003, could_not_route(path)),
            Self::EmptyId => (
                StatusCode::NOT_FOUND,
                1000,
                "NotFound: an id in the path is empty".to_owned(),
            ),
            Self::MethodNotAllowed { workers } => (
                StatusCode::METHOD_NOT_ALLOWED,
                if *workers { 10405 } else { 7001 },
                "Method not allowed for this path".to_owned(),
            ),
            Self::NotOffered(operation) => (
                StatusCode::NOT_IMPLEMENTED,
                501,
                format!("Coffer does not offer this operation: {operation}"),
            ),
            Self::BodyTooLarge(limit) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                10027,
                format!("the request body is larger than the limit of {limit} bytes"),
            ),
            Self::TooManyParts(limit) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                10027,
                format!("the upload has more than the limit of {limit} parts"),
            ),
            Self::BodyUnreadable => (
                StatusCode::BAD_REQUEST,
                1001,
                "the request body ended before it was complete".to_owned(),
            ),
            Self::BodyTooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                1001,
                "the request body did not arrive in time".to_owned(),
            ),
            Self::NotMultipart => (
                StatusCode::BAD_REQUEST,
                10001,
                "send the request as multipart/form-data with a boundary in its Content-Type"
                    .to_owned(),
            ),
        };
        (
            status,
            vec![ErrorInfo {
                code,
                message,
                source: None,
            }],
        )
    }
}

fn could_not_route(path: &str) -> String {
    format!("Could not route to {path}, perhaps your object identifier is invalid?")
}

fn describe_engine(error: &Error) -> (StatusCode, u32, String) {
    match error {
        // Described part by part elsewhere; an empty list does not occur.
        Error::Invalid(_) => (StatusCode::BAD_REQUEST, 1001, "invalid request".to_owned()),
        Error::Unauthenticated(Unauthenticated::Missing) => (
            StatusCode::BAD_REQUEST,
            9106,
            "Missing Authorization header, or X-Auth-Email with X-Auth-Key".to_owned(),
        ),
        Error::Unauthenticated(Unauthenticated::Malformed) => (
            StatusCode::BAD_REQUEST,
            9106,
            "Invalid authentication headers: send `Authorization: Bearer <token>`, or X-Auth-Email with X-Auth-Key"
                .to_owned(),
        ),
        Error::Unauthenticated(Unauthenticated::Invalid) => {
            (StatusCode::UNAUTHORIZED, 10000, "Authentication error".to_owned())
        }
        Error::Unauthenticated(Unauthenticated::SecondFactor) => (
            StatusCode::UNAUTHORIZED,
            10000,
            "Authentication error: second_factor_needed: send a code of the user's authenticator app, or a recovery \
             code, as `code`; each counts once"
                .to_owned(),
        ),
        Error::Unauthenticated(Unauthenticated::SecondStepLate) => (
            StatusCode::UNAUTHORIZED,
            10000,
            "Authentication error: the code came too late, sign in again".to_owned(),
        ),
        Error::Unauthenticated(Unauthenticated::Passkey(refusal)) => (
            StatusCode::UNAUTHORIZED,
            10000,
            format!("Authentication error: the passkey was not accepted: {refusal}"),
        ),
        Error::Unauthenticated(Unauthenticated::PagesUpload) => (
            StatusCode::UNAUTHORIZED,
            8_000_013,
            "Authorization failed: send the token of the project's upload-token, which lasts for an hour".to_owned(),
        ),
        Error::WrongLocation(address) => {
            let address = address.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
            (StatusCode::FORBIDDEN, 9109, format!("Cannot use the access token from location: {address}"))
        }
        Error::Denied => (StatusCode::FORBIDDEN, 10000, "Authentication error: not permitted".to_owned()),
        Error::BeyondBindings(parts) => (
            StatusCode::FORBIDDEN,
            10000,
            format!(
                "Authentication error: you may change the Secrets Store bindings of an existing Worker and nothing \
                 else; this request also changes {}",
                parts.join(", ")
            ),
        ),
        Error::NoUser => (StatusCode::FORBIDDEN, 9109, "Unauthorized to access requested resource".to_owned()),
        Error::TooManyAttempts { retry_after_seconds } => (
            StatusCode::TOO_MANY_REQUESTS,
            971,
            format!("Please wait and consider throttling your request speed: too many failed attempts, try again in {retry_after_seconds} s"),
        ),
        Error::NotFound(what) => describe_missing(*what),
        Error::Conflict(with) => describe_conflict(with),
        Error::LimitExceeded(Limit::Stores(limit)) => (
            StatusCode::BAD_REQUEST,
            1003,
            format!("maximum_stores_exceeded: the limit of this account is {limit}"),
        ),
        Error::LimitExceeded(Limit::Secrets(limit)) => (
            StatusCode::BAD_REQUEST,
            1003,
            format!("maximum_secrets_exceeded: the limit of this account is {limit}"),
        ),
        Error::LimitExceeded(Limit::Workers(limit)) => (
            StatusCode::FORBIDDEN,
            10037,
            format!("You have exceeded the limit of {limit} Workers on your account."),
        ),
        Error::LimitExceeded(Limit::Hostnames(limit)) => (
            StatusCode::BAD_REQUEST,
            1003,
            format!("maximum_hostnames_exceeded: an account has at most {limit} custom domains; remove one first"),
        ),
        Error::LimitExceeded(Limit::Routes(limit)) => (
            StatusCode::BAD_REQUEST,
            1003,
            format!("maximum_routes_exceeded: an account has at most {limit} routes; remove one first"),
        ),
        Error::LimitExceeded(Limit::Tails(limit)) => (
            StatusCode::TOO_MANY_REQUESTS,
            1003,
            format!("maximum_tails_exceeded: at most {limit} tails follow a Worker at once; end one first"),
        ),
        Error::LimitExceeded(Limit::TokensOfUser(limit)) => (
            StatusCode::BAD_REQUEST,
            1003,
            format!("maximum_tokens_exceeded: a user has at most {limit} API tokens; delete one first"),
        ),
        Error::LimitExceeded(Limit::Passkeys(limit)) => (
            StatusCode::BAD_REQUEST,
            1003,
            format!("maximum_passkeys_exceeded: a user has at most {limit} passkeys; remove one first"),
        ),
        Error::LimitExceeded(Limit::TokensOfAccount(limit)) => (
            StatusCode::BAD_REQUEST,
            1003,
            format!("maximum_tokens_exceeded: an account has at most {limit} API tokens; delete one first"),
        ),
        Error::LimitExceeded(Limit::Members(limit)) => (
            StatusCode::BAD_REQUEST,
            1003,
            format!("maximum_members_exceeded: an account has at most {limit} members and invitations; remove one first"),
        ),
        Error::LimitExceeded(Limit::PagesProjects(limit)) => (
            StatusCode::BAD_REQUEST,
            1003,
            format!("maximum_pages_projects_exceeded: the limit of this account is {limit}"),
        ),
        Error::Unavailable(reason) => {
            tracing::warn!(reason, "unavailable");
            (StatusCode::SERVICE_UNAVAILABLE, 10013, "temporarily unavailable, please try again".to_owned())
        }
        Error::Internal(reason) => {
            tracing::error!(reason, "internal error");
            (StatusCode::INTERNAL_SERVER_ERROR, 10013, "internal error; the cf-ray header identifies it".to_owned())
        }
    }
}

fn describe_missing(what: Missing) -> (StatusCode, u32, String) {
    let (code, message) = match what {
        Missing::Account => (7003, could_not_route("the account")),
        Missing::Store => (1001, "store_not_found".to_owned()),
        Missing::Secret => (1001, "secret_not_found".to_owned()),
        Missing::Worker => (
            10007,
            "This Worker does not exist on your account.".to_owned(),
        ),
        Missing::Version => (
            100_146,
            "The version was not found on this Worker.".to_owned(),
        ),
        Missing::AnyVersion => (10222, "This Worker has no uploaded version yet.".to_owned()),
        Missing::Deployment => (
            10336,
            "The deployment was not found on this Worker.".to_owned(),
        ),
        Missing::Subdomain => (
            10007,
            "The account has no subdomain: register one with PUT /accounts/{account_id}/workers/subdomain.".to_owned(),
        ),
        Missing::AccountOfSubdomain => (10032, "The subdomain is available.".to_owned()),
        Missing::Session => (1003, "session_not_found: you have no session with this id".to_owned()),
        Missing::Tail => (1003, "tail_not_found: the Worker has no tail with this id".to_owned()),
        Missing::WorkerSecret => (10056, "Binding not found".to_owned()),
        Missing::AuditEvent => (
            1001,
            "audit_log_not_found: the account has no event with this id within a minute of action_time".to_owned(),
        ),
        Missing::Member => (1003, "member_not_found".to_owned()),
        Missing::Role => (1003, "role_not_found".to_owned()),
        Missing::Membership => (1003, "membership_not_found".to_owned()),
        Missing::Invitation => (
            1003,
            "invitation_not_found: it was used, replaced or withdrawn, or the link is not whole".to_owned(),
        ),
        Missing::LiveInvitation => {
            let message = "invitation_expired: ask an administrator of the account for a new one";
            return (StatusCode::GONE, 1003, message.to_owned());
        }
        Missing::DeviceLogin => (
            1003,
            "device_login_not_found: no device waits with this code: it was used, or is older than ten minutes".to_owned(),
        ),
        Missing::Token => (1003, "token_not_found: there is no such API token".to_owned()),
        Missing::PermissionGroup => (
            1003,
            "permission_group_not_found: there is no such permission group".to_owned(),
        ),
        Missing::PagesDeployment => (
            8_000_009,
            "The deployment ID you have specified does not exist in this project.".to_owned(),
        ),
        Missing::Hostname => (1003, "domain_not_found: the account has no custom domain with this id".to_owned()),
        Missing::User => (1003, "user_not_found: no user has this e-mail address".to_owned()),
        Missing::SecondFactor => (1003, "second_factor_not_found: the user has none".to_owned()),
        Missing::Passkey => (1003, "passkey_not_found: you have no such passkey".to_owned()),
        Missing::PagesProject => (
            8_000_007,
            "Project not found. The specified project name does not match any of your existing projects.".to_owned(),
        ),
    };
    (StatusCode::NOT_FOUND, code, message)
}

fn describe_conflict(with: &Conflict) -> (StatusCode, u32, String) {
    match with {
        Conflict::SecretName(name) => {
            (StatusCode::CONFLICT, 1003, format!("secret_name_already_exists: {name}"))
        }
        Conflict::StoreName => (
            StatusCode::CONFLICT,
            1003,
            "store_name_already_exists: the account has a store of this name".to_owned(),
        ),
        Conflict::StoreNotEmpty => (
            StatusCode::CONFLICT,
            1003,
            "store_not_empty: delete its secrets first, or add ?force=true".to_owned(),
        ),
        // Described name by name elsewhere; an empty list does not occur.
        Conflict::Hosts(_) => (StatusCode::CONFLICT, 100_116, "the host names are in use".to_owned()),
        // Described secret by secret elsewhere; an empty list does not occur.
        Conflict::SecretsBound(_) => (StatusCode::CONFLICT, 1003, "secret_in_use".to_owned()),
        // Nothing of the API asks for it.
        Conflict::SecretChanged => (
            StatusCode::CONFLICT,
            1003,
            "secret_changed: the secret was changed at the same time; look at it and try again".to_owned(),
        ),
        Conflict::Subdomain => (
            StatusCode::CONFLICT,
            10031,
            "The subdomain is unavailable: choose another.".to_owned(),
        ),
        Conflict::PagesProjectName => (
            StatusCode::CONFLICT,
            8_000_002,
            "A project with this name already exists. Choose a different project name.".to_owned(),
        ),
        Conflict::PagesProjectChanged => (
            StatusCode::CONFLICT,
            10013,
            "the project was changed by another request at the same time; try again".to_owned(),
        ),
        Conflict::PagesDeploymentLive => (
            StatusCode::CONFLICT,
            8_000_034,
            "Cannot delete the live production deployment: deploy or roll back to another first.".to_owned(),
        ),
        Conflict::PagesDeploymentAliased => (
            StatusCode::CONFLICT,
            8_000_035,
            "Cannot delete a deployment that answers at its branch's host name without ?force=true.".to_owned(),
        ),
        Conflict::PagesDeploymentPreview => (
            StatusCode::BAD_REQUEST,
            8_000_039,
            "Cannot roll back to a preview: choose a deployment whose environment is production.".to_owned(),
        ),
        // The original's number for this is not known: it is that of a name that cannot be had.
        Conflict::WorkerName => (
            StatusCode::CONFLICT,
            10016,
            "The account has a Worker of this name: choose another, or edit that one.".to_owned(),
        ),
        // The original's numbers for the next two are not known: these are ours.
        Conflict::VersionDeployed => (
            StatusCode::CONFLICT,
            1003,
            "version_deployed: traffic goes to this version; deploy another first".to_owned(),
        ),
        Conflict::DeploymentActive => (
            StatusCode::CONFLICT,
            1003,
            "deployment_active: this deployment divides the traffic now; make another first".to_owned(),
        ),
        Conflict::LatestVersionNotDeployed => (
            StatusCode::BAD_REQUEST,
            10215,
            "Secret edit failed: the latest version of your Worker isn't currently deployed. Deploy it with \
             `wrangler versions deploy`, or use `wrangler versions secret`."
                .to_owned(),
        ),
        Conflict::SecretsChanged(names) => {
            let names: Vec<_> = names.iter().map(AsRef::<str>::as_ref).collect();
            let names = names.join(", ");
            (StatusCode::CONFLICT, 10220, format!("The following secrets have changed: {names}"))
        }
        Conflict::WorkerChanged => (
            StatusCode::CONFLICT,
            10013,
            "the Worker was changed by another request at the same time; look at it and try again".to_owned(),
        ),
        Conflict::UserExists => (
            StatusCode::CONFLICT,
            1003,
            "a user has this e-mail address: invite that user instead".to_owned(),
        ),
        Conflict::AlreadyMember => (
            StatusCode::CONFLICT,
            1004,
            "member_already_exists: the user is a member of the account; change the member's roles instead".to_owned(),
        ),
        Conflict::LastSuperAdministrator => (
            StatusCode::CONFLICT,
            1005,
            "last_super_administrator: make another member a Super Administrator first".to_owned(),
        ),
        Conflict::InvitationAnswered => (
            StatusCode::CONFLICT,
            1004,
            "invitation_answered: an accepted membership ends with DELETE, and who refused has to be invited again"
                .to_owned(),
        ),
        Conflict::InvitationTextMissing => (
            StatusCode::CONFLICT,
            1004,
            "invitation_link_needed: open the invitation's link, or send the text at its end as coffer.invitation"
                .to_owned(),
        ),
        Conflict::CredentialsChanged => (
            StatusCode::CONFLICT,
            1003,
            "credentials_changed: the password or the key was changed by another request at the same time; try again"
                .to_owned(),
        ),
        Conflict::SecondFactorOn => (
            StatusCode::CONFLICT,
            1003,
            "second_factor_on: a second factor is set up; remove it first".to_owned(),
        ),
        Conflict::NoEnrolment => (
            StatusCode::CONFLICT,
            1003,
            "no_enrolment: no second factor is being set up; begin again".to_owned(),
        ),
        Conflict::PasskeyKnown => (
            StatusCode::CONFLICT,
            1003,
            "passkey_known: this passkey is in use here already".to_owned(),
        ),
        Conflict::GlobalKeyNotKept => (
            StatusCode::CONFLICT,
            1003,
            "global_key_not_kept: this key was made before keys could be shown again; roll it to get a new one"
                .to_owned(),
        ),
        Conflict::ShownOnce(id) => (
            StatusCode::CONFLICT,
            1003,
            format!(
                "value_shown_once: this Idempotency-Key came before and was answered with the value of token {id}, \
                 which is kept nowhere; roll the token for a new one"
            ),
        ),
        Conflict::IdempotencyKeyReused => (
            StatusCode::CONFLICT,
            1003,
            "idempotency_key_reused: this Idempotency-Key came with another request".to_owned(),
        ),
    }
}

/// One error for each secret that deployed Workers are bound to.
fn describe_bound(bound: &[BoundSecret]) -> (StatusCode, Vec<ErrorInfo>) {
    let errors = bound.iter().map(|secret| {
        let named = secret.workers.iter().take(MAX_WORKERS_NAMED);
        let mut workers = named.map(AsRef::<str>::as_ref).collect::<Vec<_>>().join(", ");
        if let Some(further @ 1..) = secret.workers.len().checked_sub(MAX_WORKERS_NAMED) {
            workers.push_str(&format!(" and {further} more"));
        }
        ErrorInfo {
            code: 1003,
            message: format!(
                "secret_in_use: {} is bound by deployed versions of {workers}; remove the bindings first, or add \
                 ?force=true",
                secret.name
            ),
            source: None,
        }
    });
    (StatusCode::CONFLICT, errors.collect())
}

/// One error for each host name or route that another has.
fn describe_hosts(conflicts: &[HostConflict]) -> (StatusCode, Vec<ErrorInfo>) {
    let errors = conflicts.iter().map(|conflict| {
        let name = &conflict.name;
        let (code, message) = match conflict.taken {
            HostTaken::ByOtherWorker => (
                100_116,
                format!(
                    "Hostname '{name}' is a custom domain of another Worker of this account: remove it there, or send \
                     override_existing_origin to move it"
                ),
            ),
            HostTaken::ByOtherRoute => (
                10020,
                format!("The route '{name}' is another Worker's of this account: remove it there first"),
            ),
            HostTaken::Elsewhere => (
                100_116,
                format!("'{name}' is in use elsewhere in this installation: choose another host name"),
            ),
        };
        ErrorInfo {
            code,
            message,
            source: Some(ErrorSource {
                pointer: conflict.pointer.clone(),
            }),
        }
    });
    (StatusCode::CONFLICT, errors.collect())
}

fn describe_problems(problems: &[Invalid]) -> (StatusCode, Vec<ErrorInfo>) {
    let status = match problems.first().map(|one| &one.problem) {
        Some(Problem::ScriptTooLarge(_)) => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    };
    let errors = problems
        .iter()
        .map(|one| ErrorInfo {
            code: code_of(&one.problem),
            message: one.problem.to_string(),
            source: (!one.pointer.is_empty()).then(|| ErrorSource {
                pointer: one.pointer.clone(),
            }),
        })
        .collect();
    (status, errors)
}

const fn code_of(problem: &Problem) -> u32 {
    match problem {
        Problem::Json(_)
        | Problem::SecretNameEmpty
        | Problem::SecretName(_)
        | Problem::StoreName(_)
        | Problem::Comment(_)
        | Problem::ScopesEmpty
        | Problem::ScopeUnknown(_)
        | Problem::ValueEmpty
        | Problem::ValueTooLarge { .. }
        | Problem::SecretsEmpty(_)
        | Problem::TooManySecrets(_)
        | Problem::SecretNameRepeated(_)
        | Problem::Email(_)
        | Problem::AccountName(_)
        | Problem::PersonName(_)
        | Problem::RolesEmpty
        | Problem::RoleUnknown
        | Problem::NotOffered(_)
        | Problem::PasswordTooShort(_)
        | Problem::PasswordTooLong(_)
        | Problem::PasswordIsEmail
        | Problem::PasswordUnchanged
        | Problem::PasswordWrong
        | Problem::CodeWrong
        | Problem::PasskeyName(_)
        | Problem::Passkey(_)
        | Problem::TokenName(_)
        | Problem::Token(_)
        | Problem::TailFilter(_)
        | Problem::Parameter(_) => 1001,
        // The original's `invalid_script_name`; below, its "invalid cron string" and `too_many_crons`.
        Problem::WorkerName(_) => 10016,
        Problem::Subdomain(_) => 10021,
        Problem::VariableTooLarge { .. } => 10054,
        Problem::Script(_)
        | Problem::Upload(_)
        | Problem::SecretBindingUnauthorized
        | Problem::Split(_) => 10021,
        Problem::Cron(_) => 10100,
        Problem::TooManyCrons(_) => 10072,
        Problem::ScriptTooLarge(_) => 10027,
        Problem::ServiceMissing { .. } => 10143,
        Problem::SecretBindingMissing { .. } => 10182,
        Problem::InheritMissing(_) => 10057,
        Problem::Hostname(_) | Problem::Route(_) | Problem::Host(_) => 1001,
        Problem::IdempotencyKey(_) | Problem::IdempotencyKeyWithPassword => 6003,
        Problem::PagesProjectName(_) | Problem::PagesBranch(_) | Problem::Pages(_) => 1001,
    }
}
