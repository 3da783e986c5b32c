//! `GET …/stores`.

use axum::extract::State;
use coffer_engine::{Direction, StoreList, StoreOrder, ViewSecrets};
use coffer_protocol::secrets_store::Store;
use coffer_types::limits::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::{Query, refused};
use crate::api::permitted::Permitted;
use crate::app::App;

/// A page of the account's stores.
pub(in crate::api::secrets_store) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewSecrets>,
    query: Query,
) -> ApiResult<Answer<Vec<Store>>> {
    let page = query.page(0..=MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE)?;
    let order = match query.value("order") {
        None | Some("created") => StoreOrder::Created,
        Some("name") => StoreOrder::Name,
        Some("modified") => StoreOrder::Modified,
        Some(_) => return Err(refused("order", "must be name, created or modified")),
    };
    let direction = query.direction(Direction::Descending)?;
    let found = app
        .engine
        .list_stores(
            &permit,
            StoreList {
                order,
                direction,
                slice: page.slice(),
            },
        )
        .await?;
    let info = page.info(found.stores.len(), found.total);
    Ok(Answer::page(found.stores, info))
}
