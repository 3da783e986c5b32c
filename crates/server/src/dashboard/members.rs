//! Members: who is in the account, with which roles; inviting, changing and removing them.

mod edit;
mod invite;
mod link;
mod list;
mod remove;
mod roles;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::get;
use coffer_engine::{Error, Missing};
use coffer_types::MemberId;
use serde::Deserialize;

use crate::app::App;

/// The pages of this section.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/{account_id}/members", get(list::show))
        .route(
            "/{account_id}/members/invite",
            get(invite::show).post(invite::invite),
        )
        .route(
            "/{account_id}/members/{member_id}",
            get(edit::show).post(edit::save),
        )
        .route(
            "/{account_id}/members/{member_id}/link",
            get(link::show).post(link::renew),
        )
        .route(
            "/{account_id}/members/{member_id}/remove",
            get(remove::show).post(remove::remove),
        )
}

/// The member of a path.
#[derive(Deserialize)]
struct MemberPath {
    member_id: String,
}

impl MemberPath {
    fn id(&self) -> Result<MemberId, Error> {
        self.member_id.parse().map_err(|_| Missing::Member.into())
    }
}
