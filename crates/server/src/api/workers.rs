//! Workers: scripts, versions, deployments, per-Worker secrets.

use super::route::Route;

pub(super) fn routes() -> Vec<Route> {
    Vec::new()
}
