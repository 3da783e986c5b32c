//! Pages: projects.

mod fields;
mod projects;

use super::route::Route;

/// The routes of this area.
pub(super) fn routes() -> Vec<Route> {
    projects::routes()
}
