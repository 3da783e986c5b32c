//! `GET /memberships`.

use axum::extract::State;
use coffer_protocol::identity::Membership;

use crate::api::answer::Answer;
use crate::api::authentication::Recognised;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::app::App;

/// Page sizes of this list, from its API description.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 1..=50;
const DEFAULT_PAGE_SIZE: u32 = 20;

/// The memberships of the user who asks.
pub(super) async fn list(
    State(app): State<App>,
    Recognised(caller): Recognised,
    query: Query,
) -> ApiResult<Answer<Vec<Membership>>> {
    let page = query.page(PAGE_SIZES, DEFAULT_PAGE_SIZE)?;
    let mut memberships = app.engine.own_memberships(&caller.actor).await?;
    if let Some(status) = query.value("status") {
        memberships.retain(|membership| membership.status == status);
    }
    if let Some(name) = query.value("account.name").or_else(|| query.value("name")) {
        memberships.retain(|membership| membership.account.name == name);
    }
    let (memberships, info) = page.of(memberships);
    Ok(Answer::page(memberships, info))
}
