//! The Secrets Store API.

mod fields;
mod quota;
mod secrets;
mod stores;

use axum::http::Method;
use coffer_types::Permission;

use super::route::{Route, route};

/// The routes of this area.
pub(super) fn routes() -> Vec<Route> {
    const QUOTA: &str = "/accounts/{account_id}/secrets_store/quota";
    const STORES: &str = "/accounts/{account_id}/secrets_store/stores";
    const STORE: &str = "/accounts/{account_id}/secrets_store/stores/{store_id}";
    const SECRETS: &str = "/accounts/{account_id}/secrets_store/stores/{store_id}/secrets";
    const SECRET: &str =
        "/accounts/{account_id}/secrets_store/stores/{store_id}/secrets/{secret_id}";
    const DUPLICATE: &str =
        "/accounts/{account_id}/secrets_store/stores/{store_id}/secrets/{secret_id}/duplicate";
    let view = Some(Permission::ViewSecrets);
    let manage = Some(Permission::ManageSecrets);
    vec![
        route(&Method::GET, QUOTA, "Show the quota", view, quota::find),
        route(&Method::GET, STORES, "List stores", view, stores::list),
        route(
            &Method::POST,
            STORES,
            "Create a store",
            manage,
            stores::create,
        ),
        route(&Method::GET, STORE, "Show a store", view, stores::find),
        route(
            &Method::DELETE,
            STORE,
            "Delete a store",
            manage,
            stores::delete,
        ),
        route(&Method::GET, SECRETS, "List secrets", view, secrets::list),
        route(
            &Method::POST,
            SECRETS,
            "Create secrets",
            manage,
            secrets::create,
        ),
        route(
            &Method::DELETE,
            SECRETS,
            "Delete several secrets",
            manage,
            secrets::delete_several,
        ),
        route(
            &Method::GET,
            SECRET,
            "Show a secret's metadata",
            view,
            secrets::find,
        ),
        route(
            &Method::PATCH,
            SECRET,
            "Edit a secret",
            manage,
            secrets::update,
        ),
        route(
            &Method::DELETE,
            SECRET,
            "Delete a secret",
            manage,
            secrets::delete,
        ),
        route(
            &Method::POST,
            DUPLICATE,
            "Duplicate a secret",
            manage,
            secrets::duplicate,
        ),
    ]
}
