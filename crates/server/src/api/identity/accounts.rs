//! `GET /accounts` and `GET /accounts/{account_id}`.

use axum::extract::State;
use coffer_engine::{AccountList, ViewAccount};
use coffer_protocol::identity::Account;

use crate::api::answer::Answer;
use crate::api::authentication::Recognised;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::app::App;

/// Page sizes of this list, from its API description; clients that ask for fewer get them all the same.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 1..=50;
const DEFAULT_PAGE_SIZE: u32 = 20;

/// The accounts that the actor may know of.
pub(super) async fn list(
    State(app): State<App>,
    Recognised(caller): Recognised,
    query: Query,
) -> ApiResult<Answer<Vec<Account>>> {
    let page = query.page(PAGE_SIZES, DEFAULT_PAGE_SIZE)?;
    let list = AccountList {
        name: query.value("name").map(str::to_owned),
    };
    let (accounts, info) = page.of(app.engine.accounts_of(&caller, &list).await?);
    Ok(Answer::page(accounts, info))
}

/// One account.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewAccount>,
) -> ApiResult<Answer<Account>> {
    Ok(Answer::ok(app.engine.account(&permit)))
}
