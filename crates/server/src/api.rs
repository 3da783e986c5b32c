//! The v4 API: its routes, and what is common to all of them.

mod answer;
mod audit_logs;
mod authentication;
mod body;
mod coffer;
mod denials;
mod device_logins;
mod error;
mod identity;
mod members;
mod page;
mod pages;
mod permitted;
mod route;
mod secrets_store;
mod session_cookie;
mod sessions;
mod site;
mod tokens;
mod unserved;
mod workers;

pub(crate) use audit_logs::csv_of_audit_logs;
pub(crate) use authentication::{Recognised, request_meta};
pub(crate) use body::read as read_body;
pub(crate) use denials::{Attempted, ForWantOfPermission};
pub(crate) use error::ApiError;
pub(crate) use permitted::AccountPath;
pub use route::RouteInfo;
pub(crate) use secrets_store::SecretProblems;
pub(crate) use session_cookie::{given, session_text, taken_away};
pub(crate) use site::Site;
pub(crate) use tokens::token_settings;
pub(crate) use unserved::{method_not_allowed, unroutable};

use axum::Router;
use route::Route;

use crate::app::App;

/// What every path of the API begins with.
pub(crate) const PREFIX: &str = "/client/v4";

/// Every operation that is served, area by area.
fn routes() -> Vec<Route> {
    let mut routes = identity::routes();
    routes.extend(members::routes());
    routes.extend(secrets_store::routes());
    routes.extend(workers::routes());
    routes.extend(workers::zone_routes());
    routes.extend(workers::account_routes());
    routes.extend(pages::routes());
    routes.extend(workers::token_routes());
    routes.extend(pages::token_routes());
    routes.extend(sessions::routes());
    routes.extend(tokens::routes());
    routes.extend(coffer::routes());
    routes.extend(audit_logs::routes());
    routes.extend(device_logins::routes());
    routes
}

/// The router. Paths are written out whole: nesting would parse each request's path anew.
pub(crate) fn router() -> Router<App> {
    let served = routes();
    let unserved = unserved::routes(&served);
    served
        .into_iter()
        .chain(unserved)
        .fold(Router::new(), |router, route| {
            router.route(&format!("{PREFIX}{}", route.info.path), route.handler)
        })
}

/// What is served and what is answered with 501, for the documentation and its test.
pub fn route_table() -> Vec<RouteInfo> {
    let served = routes();
    let unserved = unserved::routes(&served);
    served
        .iter()
        .chain(&unserved)
        .map(|route| route.info)
        .collect()
}
