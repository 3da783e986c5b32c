//! Workers: scripts, versions, deployments, per-Worker secrets, settings.

mod deployments;
mod elsewhere;
mod fields;
mod scripts;
mod secrets;
mod settings;
mod subdomain;
#[cfg(test)]
mod testing;
mod upload;
mod versions;
mod worker;

use super::route::Route;

/// The routes of this area.
pub(super) fn routes() -> Vec<Route> {
    let mut routes = scripts::routes();
    routes.extend(versions::routes());
    routes.extend(deployments::routes());
    routes.extend(secrets::routes());
    routes.extend(settings::routes());
    routes.extend(subdomain::routes());
    routes.extend(worker::routes());
    routes.extend(elsewhere::routes());
    routes
}
