//! `GET …/stores/{store_id}/secrets`.

use axum::extract::{Path, State};
use coffer_engine::{
    Direction, Error, Problem, SecretFilter, SecretList, SecretOrder, ViewSecrets,
};
use coffer_protocol::secrets_store::Secret;
use coffer_types::limits::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};
use coffer_types::{Scope, Scopes};

use crate::api::answer::Answer;
use crate::api::error::ApiResult;
use crate::api::page::{Query, refused};
use crate::api::permitted::Permitted;
use crate::api::secrets_store::fields::StorePath;
use crate::app::App;

/// A page of a store's secrets.
pub(in crate::api::secrets_store) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewSecrets>,
    path: Path<StorePath>,
    query: Query,
) -> ApiResult<Answer<Vec<Secret>>> {
    let page = query.page(0..=MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE)?;
    let filter = SecretFilter {
        store_id: StorePath::id(&path)?,
        search: query.value("search").map(str::to_owned),
        scopes: scopes(&query)?,
    };
    let list = SecretList {
        filter,
        order: order(&query)?,
        direction: query.direction(Direction::Descending)?,
        slice: page.slice(),
    };
    let found = app.engine.list_secrets(&permit, list).await?;
    let info = page.info(found.secrets.len(), found.total);
    Ok(Answer::page(found.secrets, info))
}

fn order(query: &Query) -> ApiResult<SecretOrder> {
    Ok(match query.value("order") {
        None | Some("created") => SecretOrder::Created,
        Some("name") => SecretOrder::Name,
        Some("comment") => SecretOrder::Comment,
        Some("modified") => SecretOrder::Modified,
        Some("status") => SecretOrder::Status,
        Some(_) => {
            return Err(refused(
                "order",
                "must be name, comment, created, modified or status",
            ));
        }
    })
}

/// Clients send scopes as repeated parameters; the API's description joins them with commas.
fn scopes(query: &Query) -> ApiResult<Scopes> {
    let names = query.values("scopes").flat_map(|value| value.split(','));
    let parsed = names
        .map(str::parse::<Scope>)
        .collect::<Result<Scopes, _>>();
    Ok(parsed.map_err(|error| Error::invalid("scopes", Problem::ScopeUnknown(error)))?)
}
