//! Host names of Workers besides their own: custom domains, routes, and what clients take for zones.

mod domains;
mod fields;
mod records;
mod routes;
#[cfg(test)]
mod tests;
mod zones;

use axum::http::Method;
use coffer_types::Permission;

use crate::api::route::{Route, route};

pub(super) fn routes() -> Vec<Route> {
    const DOMAINS: &str = "/accounts/{account_id}/workers/domains";
    const DOMAIN: &str = "/accounts/{account_id}/workers/domains/{domain_id}";
    const RECORDS: &str = "/accounts/{account_id}/workers/domains/records";
    const RECORD: &str = "/accounts/{account_id}/workers/domains/records/{domain_id}";
    const CHANGESET: &str =
        "/accounts/{account_id}/workers/scripts/{script_name}/domains/changeset";
    const OF_SCRIPT: &str = "/accounts/{account_id}/workers/scripts/{script_name}/domains/records";
    const ROUTES: &str = "/accounts/{account_id}/workers/scripts/{script_name}/routes";
    let view = Some(Permission::ViewWorkers);
    let deploy = Some(Permission::DeployWorkers);
    let (get, put, post, delete) = (Method::GET, Method::PUT, Method::POST, Method::DELETE);
    vec![
        route(&get, DOMAINS, "List custom domains", view, domains::list),
        route(
            &put,
            DOMAINS,
            "Attach a custom domain",
            deploy,
            domains::attach,
        ),
        route(&get, DOMAIN, "Show a custom domain", view, domains::find),
        route(
            &delete,
            DOMAIN,
            "Detach a custom domain",
            deploy,
            domains::detach,
        ),
        route(
            &get,
            RECORDS,
            "List custom domains, as Wrangler asks",
            view,
            domains::list,
        ),
        route(
            &get,
            RECORD,
            "Show a custom domain, as Wrangler asks",
            view,
            domains::find,
        ),
        route(
            &post,
            CHANGESET,
            "Show what custom domains would change",
            deploy,
            records::changeset,
        ),
        route(
            &put,
            OF_SCRIPT,
            "Replace a Worker's custom domains",
            deploy,
            records::replace,
        ),
        route(&get, ROUTES, "List a Worker's routes", view, routes::list),
        route(
            &put,
            ROUTES,
            "Replace a Worker's routes",
            deploy,
            routes::replace,
        ),
    ]
}

/// The routes of no one account: what they answer is about all that the caller may see.
pub(super) fn zone_routes() -> Vec<Route> {
    const ZONES: &str = "/zones";
    const IN_ZONE: &str = "/zones/{zone_id}/workers/routes";
    let get = Method::GET;
    vec![
        route(
            &get,
            ZONES,
            "Find what stands for the zone of a name",
            None,
            zones::list,
        ),
        route(
            &get,
            IN_ZONE,
            "List the routes at a name and below it",
            None,
            zones::routes,
        ),
    ]
}
