//! `GET /accounts/{account_id}/iam/permission_groups` and `…/{permission_group_id}`.

use axum::extract::{Path, State};
use coffer_engine::{AccountGroupList, ViewAccount};
use coffer_protocol::tokens::AccountPermissionGroup;
use coffer_types::limits::DEFAULT_PAGE_SIZE;
use serde::Deserialize;

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::app::App;

/// Page sizes of this list, from its API description; clients that ask for fewer get them all the same.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 1..=50;

/// The permission groups about accounts.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewAccount>,
    query: Query,
) -> ApiResult<Answer<Vec<AccountPermissionGroup>>> {
    let page = query.page(PAGE_SIZES, DEFAULT_PAGE_SIZE)?;
    let value = |name: &str| query.value(name).map(str::to_owned);
    let list = AccountGroupList {
        id: value("id"),
        name: value("name"),
        label: value("label"),
    };
    let (groups, info) = page.of(app.engine.account_permission_groups(&permit, &list));
    Ok(Answer::page(groups, info))
}

/// The permission group of a path.
#[derive(Debug, Deserialize)]
pub(super) struct GroupPath {
    permission_group_id: String,
}

/// One permission group about accounts.
pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewAccount>,
    Path(path): Path<GroupPath>,
) -> ApiResult<Answer<AccountPermissionGroup>> {
    let id = &path.permission_group_id;
    let group = app.engine.account_permission_group(&permit, id)?;
    Ok(Answer::ok(group))
}
