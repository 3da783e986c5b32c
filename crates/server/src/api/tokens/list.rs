//! `GET /user/tokens` and `GET /accounts/{account_id}/tokens`.

use axum::extract::State;
use coffer_engine::{Direction, TokenList, TokensPermit, ViewTokens, ViewUserTokens};
use coffer_protocol::tokens::Token;
use coffer_types::limits::DEFAULT_PAGE_SIZE;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::{Permitted, PermittedUser};
use crate::app::App;

/// Page sizes of this list, from its API description; clients that ask for fewer get them all the same.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 1..=50;

/// The tokens of the user who asks.
pub(super) async fn of_user(
    State(app): State<App>,
    PermittedUser(permit): PermittedUser<ViewUserTokens>,
    query: Query,
) -> ApiResult<Answer<Vec<Token>>> {
    list(&app, &permit.into(), &query).await
}

/// The account's own tokens.
pub(super) async fn of_account(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewTokens>,
    query: Query,
) -> ApiResult<Answer<Vec<Token>>> {
    list(&app, &permit.into(), &query).await
}

async fn list(
    app: &App,
    permit: &TokensPermit<ViewTokens>,
    query: &Query,
) -> ApiResult<Answer<Vec<Token>>> {
    let page = query.page(PAGE_SIZES, DEFAULT_PAGE_SIZE)?;
    let list = TokenList {
        include_expired: query.flag("include_expired")?,
        direction: query.direction(Direction::Descending)?,
        slice: page.slice(),
    };
    let found = app.engine.list_tokens(permit, list).await?;
    let info = page.info(found.tokens.len(), found.total);
    Ok(Answer::page(found.tokens, info))
}
