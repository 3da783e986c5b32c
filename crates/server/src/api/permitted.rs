//! Proof of permission, taken from a request before its handler runs.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use coffer_engine::{Missing, Permit, Requires, UserPermit};
use coffer_types::AccountId;

use super::authentication::Recognised;
use super::error::ApiError;
use crate::app::App;

/// The caller has permission `P` in the account of the path.
#[derive(Debug)]
pub(crate) struct Permitted<P>(pub(crate) Permit<P>);

impl<P: Requires> FromRequestParts<App> for Permitted<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Recognised(caller) = Recognised::from_request_parts(parts, app).await?;
        let AccountPath(account_id) = AccountPath::from_request_parts(parts, app).await?;
        Ok(Self(app.engine.authorize::<P>(&caller, account_id).await?))
    }
}

/// The caller has permission `P` about its own user.
#[derive(Debug)]
pub(crate) struct PermittedUser<P>(pub(crate) UserPermit<P>);

impl<P: Requires> FromRequestParts<App> for PermittedUser<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Recognised(caller) = Recognised::from_request_parts(parts, app).await?;
        Ok(Self(app.engine.authorize_user::<P>(&caller)?))
    }
}

/// The account of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccountPath(pub(crate) AccountId);

impl FromRequestParts<App> for AccountPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, ApiError> {
        let found = account_id(parts).await;
        let id = found.ok_or(coffer_engine::Error::NotFound(Missing::Account))?;
        Ok(Self(id))
    }
}

/// A text that is no id names no account.
async fn account_id(parts: &mut Parts) -> Option<AccountId> {
    let params = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    let (_, text) = params.iter().find(|(name, _)| *name == "account_id")?;
    text.parse().ok()
}
