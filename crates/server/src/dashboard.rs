//! The dashboard: pages for people, over the same use cases as the API.
//!
//! Pages are whole without a script; the script makes them pleasant. None holds a secret's value: a field for one
//! is always sent empty. What a page needs of who asks is in [`visit`]: a GET takes a `Visit<P>`, a form a
//! `Submit<P>`. To add a page: a file named by what it shows in the folder of its section, its template in the folder
//! of the same name below `templates/`, a line in [`routes`], and a line in the browser tests' list of pages.

mod account;
mod assets;
mod audit_log;
mod chart;
mod current_account;
mod device_login;
mod docs;
mod filters;
mod form;
mod home;
mod invitation;
mod members;
mod notices;
mod page;
mod pager;
mod pages_projects;
mod passkey;
mod profile;
mod refusal;
mod secrets_file;
mod secrets_store;
mod shell;
mod sign_in;
#[cfg(test)]
mod tests;
mod tokens;
mod variable_import;
mod visit;
mod workers;

pub(crate) use device_login::PATH as DEVICE_PATH;
pub(crate) use docs::{fallback, method_not_allowed};

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};

use crate::app::App;

/// Every page.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(home::show))
        .route("/{account_id}", get(home::account))
        .route(sign_in::PATH, get(sign_in::show).post(sign_in::sign_in))
        .route(
            sign_in::SECOND_STEP_PATH,
            get(sign_in::again).post(sign_in::second_step),
        )
        .route(
            sign_in::PASSKEY_PATH,
            get(sign_in::passkey::again).post(sign_in::passkey::sign_in),
        )
        .route("/sign-out", post(sign_in::sign_out))
        .route(
            invitation::PATH,
            get(invitation::show).post(invitation::accept),
        )
        .merge(device_login::routes())
        .merge(account::routes())
        .merge(profile::routes())
        .merge(workers::routes())
        .merge(pages_projects::routes())
        .merge(secrets_store::routes())
        .merge(audit_log::routes())
        .merge(members::routes())
        .merge(tokens::routes())
        .merge(docs::routes())
        .merge(assets::routes())
        .layer(middleware::from_fn(current_account::remember))
}
