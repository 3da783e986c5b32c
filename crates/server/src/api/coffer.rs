//! Coffer's own calls: where secrets are used, and settings that the original does not have. They live below a path
//! of their own, so that they never collide with the original's.

mod compare;
mod settings;
mod unused;
mod usage;

use axum::http::Method;
use coffer_types::Permission;

use super::route::{Route, route};

/// The routes of this area.
pub(super) fn routes() -> Vec<Route> {
    const SETTINGS: &str = "/accounts/{account_id}/coffer/settings";
    const UNUSED: &str = "/accounts/{account_id}/coffer/secrets/unused";
    const USAGE: &str = "/accounts/{account_id}/coffer/secrets/{secret_id}/usage";
    const COMPARE: &str = "/accounts/{account_id}/coffer/stores/{store_id}/compare";
    let view = Some(Permission::ViewSecrets);
    vec![
        route(
            &Method::POST,
            COMPARE,
            "Tell which secrets have the values given",
            Some(Permission::ManageSecrets),
            compare::compare,
        ),
        route(
            &Method::GET,
            USAGE,
            "Show which Workers bind and read a secret",
            view,
            usage::find,
        ),
        route(
            &Method::GET,
            UNUSED,
            "List secrets that nothing reads",
            view,
            unused::list,
        ),
        route(
            &Method::GET,
            SETTINGS,
            "Show the account's own settings of Coffer",
            Some(Permission::ViewAccount),
            settings::find,
        ),
        route(
            &Method::PATCH,
            SETTINGS,
            "Edit the account's own settings of Coffer",
            Some(Permission::ManageAccount),
            settings::edit,
        ),
    ]
}
