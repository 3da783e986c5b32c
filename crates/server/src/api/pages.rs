//! Pages: projects and their deployments.

mod assets;
#[cfg(test)]
mod at_once;
mod deployments;
mod fields;
mod projects;
mod tails;
#[cfg(test)]
mod testing;

use super::route::Route;

/// The routes of this area.
pub(super) fn routes() -> Vec<Route> {
    let mut routes = projects::routes();
    routes.extend(tails::routes());
    routes.extend(deployments::routes());
    routes.extend(assets::routes());
    routes
}

/// The routes of this area that ask for another token than the API's.
pub(super) fn token_routes() -> Vec<Route> {
    assets::token_routes()
}
