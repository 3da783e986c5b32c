//! API tokens: the account's own, and those of the user who is signed in. Both have the same pages.

mod create;
mod delete;
mod edit;
mod fields;
mod groups;
mod list;
mod owner;
mod preview;
mod roll;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::get;
use coffer_engine::{Error, Missing};
use coffer_types::TokenId;
use serde::Deserialize;

use crate::app::App;

/// The pages of this section.
pub(super) fn routes() -> Router<App> {
    let of = |list: &str| {
        Router::new()
            .route(list, get(list::show))
            .route(
                &format!("{list}/create"),
                get(create::show).post(create::create),
            )
            .route(
                &format!("{list}/{{token_id}}"),
                get(edit::show).post(edit::save),
            )
            .route(
                &format!("{list}/{{token_id}}/roll"),
                get(roll::show).post(roll::roll),
            )
            .route(
                &format!("{list}/{{token_id}}/delete"),
                get(delete::show).post(delete::delete),
            )
    };
    of("/{account_id}/api-tokens").merge(of("/profile/api-tokens"))
}

/// The token of a path.
#[derive(Deserialize)]
struct TokenPath {
    token_id: String,
}

impl TokenPath {
    fn id(&self) -> Result<TokenId, Error> {
        self.token_id.parse().map_err(|_| Missing::Token.into())
    }
}
