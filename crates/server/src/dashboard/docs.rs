//! The user guide, from Markdown in `docs/guide/` that is built into the program.
//!
//! To add a page: the file, and its line in [`guide`]. A link to another page is written as in the repository, with
//! `.md` at the end; a test follows all of them.

mod frame;
mod guide;
mod keys;
mod llms;
mod markdown;
mod missing;
mod search;
mod show;
#[cfg(test)]
mod tests;

pub(super) use missing::missing;
pub(crate) use missing::{fallback, method_not_allowed};

use axum::Router;
use axum::routing::get;

use crate::app::App;

/// Where the guide begins.
const PATH: &str = "/docs";

/// The guide's pages.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(PATH, get(show::index))
        .route("/docs/{page}", get(show::page))
        .route(keys::PATH, get(keys::show))
        .route("/llms.txt", get(llms::show))
}
