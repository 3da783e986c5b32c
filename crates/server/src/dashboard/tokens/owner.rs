//! Whose tokens a page is about: the account's of its address, or those of the user who asks.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::response::Response;
use coffer_engine::{
    ManageTokens, ManageUserTokens, Permit, Requires, TokensPermit, UserPermit, ViewTokens,
    ViewUserTokens,
};
use coffer_types::{AccountId, GroupScope, PermissionGroup, Resource, TokenId, UserId};

use crate::app::App;
use crate::dashboard::form::Form;
use crate::dashboard::shell::Shell;
use crate::dashboard::visit::{Submit, UserSubmit, UserVisit, Visit, refused_in};

/// Where the user's own tokens are.
const OF_USER: &str = "/profile/api-tokens";

/// Whose tokens.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner {
    Account(AccountId),
    User(UserId),
}

impl Owner {
    pub(super) const fn is_user(self) -> bool {
        matches!(self, Self::User(_))
    }

    /// The list of the tokens.
    pub(super) fn list(self) -> String {
        match self {
            Self::Account(id) => format!("/{id}/api-tokens"),
            Self::User(_) => OF_USER.to_owned(),
        }
    }

    /// Whether tokens of the owner can have a group.
    pub(super) fn can_have(self, group: &PermissionGroup) -> bool {
        self.is_user() || group.scope == GroupScope::Account
    }

    /// What groups about a user are about.
    pub(super) fn user_resource(self) -> Option<Resource> {
        match self {
            Self::Account(_) => None,
            Self::User(id) => Some(Resource::User(id)),
        }
    }
}

/// What permission about a user stands for one about an account's tokens.
pub(super) trait OfTokens: Requires {
    type OfUser: Requires;
}

impl OfTokens for ViewTokens {
    type OfUser = ViewUserTokens;
}

impl OfTokens for ManageTokens {
    type OfUser = ManageUserTokens;
}

/// A page about tokens.
pub(super) struct TokensVisit<P> {
    pub(super) permit: TokensPermit<P>,
    pub(super) shell: Shell,
    pub(super) owner: Owner,
}

/// A form of such a page. One that was sent before does nothing again.
pub(super) struct TokensSubmit {
    pub(super) permit: TokensPermit<ManageTokens>,
    pub(super) shell: Shell,
    pub(super) owner: Owner,
    pub(super) form: Form,
}

impl<P: OfTokens> FromRequestParts<App> for TokensVisit<P>
where
    TokensPermit<P>: From<Permit<P>> + From<UserPermit<P::OfUser>>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        if parts.uri.path().starts_with(OF_USER) {
            let visit = UserVisit::<P::OfUser>::from_request_parts(parts, app).await?;
            return Ok(Self {
                owner: Owner::User(visit.permit.user_id()),
                permit: visit.permit.into(),
                shell: visit.shell,
            });
        }
        let visit = Visit::<P>::from_request_parts(parts, app).await?;
        Ok(Self {
            owner: Owner::Account(visit.permit.account_id()),
            permit: visit.permit.into(),
            shell: visit.shell,
        })
    }
}

impl FromRequest<App> for TokensSubmit {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let path = request.uri().path().to_owned();
        if path.starts_with(OF_USER) {
            let sent = UserSubmit::<ManageUserTokens>::from_request(request, app).await?;
            let owner = Owner::User(sent.permit.user_id());
            let permit = match once(app, &sent.form, &path) {
                Ok(None) => sent.permit,
                Ok(Some(key)) => sent.permit.repeatable(key),
                Err(error) => return Err(refused_in(sent.shell, &error)),
            };
            return Ok(Self {
                permit: permit.into(),
                shell: sent.shell,
                owner,
                form: sent.form,
            });
        }
        let sent = Submit::<ManageTokens>::from_request(request, app).await?;
        let owner = Owner::Account(sent.permit.account_id());
        let permit = match once(app, &sent.form, &path) {
            Ok(None) => sent.permit,
            Ok(Some(key)) => sent.permit.repeatable(key),
            Err(error) => return Err(refused_in(sent.shell, &error)),
        };
        Ok(Self {
            permit: permit.into(),
            shell: sent.shell,
            owner,
            form: sent.form,
        })
    }
}

/// What makes a form count once, if it has that.
fn once(
    app: &App,
    form: &Form,
    path: &str,
) -> Result<Option<coffer_engine::IdempotencyKey>, coffer_engine::Error> {
    match form.text("once") {
        text if text.is_empty() => Ok(None),
        text => app
            .engine
            .idempotency_key(&text, &[path.as_bytes()])
            .map(Some),
    }
}

/// A text for a form that is to count once.
pub(super) fn new_once(app: &App) -> String {
    TokenId::random(app.engine.random()).to_string()
}
