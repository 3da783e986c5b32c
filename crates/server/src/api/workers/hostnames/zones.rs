//! `/zones`: clients ask for the zone of a name before they make a route. There are none, so each name is its own.

use axum::extract::{Path, State};
use coffer_protocol::hostnames::{WorkerRoute, Zone};
use coffer_types::{HostPattern, Hostname};
use serde::Deserialize;

use super::fields::check_own;
use crate::api::answer::Answer;
use crate::api::authentication::Recognised;
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::app::App;

/// Page sizes of the list, from its API description.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 1..=50;
const DEFAULT_PAGE_SIZE: u32 = 20;

/// The zone of a path.
#[derive(Debug, Deserialize)]
pub(super) struct ZonePath {
    zone_id: String,
}

/// The zone of the name that is asked for, unless no route can be made there. Without a name there is none.
pub(super) async fn list(
    State(app): State<App>,
    Recognised(caller): Recognised,
    query: Query,
) -> ApiResult<Answer<Vec<Zone>>> {
    let page = query.page(PAGE_SIZES, DEFAULT_PAGE_SIZE)?;
    let name = query
        .value("name")
        .and_then(|name| name.parse::<Hostname>().ok());
    let name = name.filter(|name| check_own(&app, &HostPattern::One(name.clone())).is_ok());
    let account_id = query.value("account.id").map(str::parse);
    let zones = match (name, account_id.transpose()) {
        (Some(name), Ok(account_id)) => {
            let zones = app.engine.zones_of_name(&caller, account_id, &name);
            zones.await?
        }
        // What is no account's id names no account.
        _ => Vec::new(),
    };
    let (zones, info) = page.of(zones);
    Ok(Answer::page(zones, info))
}

/// The routes at the zone's name and below it; none for what is no zone's id.
pub(super) async fn routes(
    State(app): State<App>,
    Recognised(caller): Recognised,
    Path(path): Path<ZonePath>,
) -> ApiResult<Answer<Vec<WorkerRoute>>> {
    let routes = match path.zone_id.parse() {
        Ok(id) => app.engine.routes_in_zone(&caller, id).await?,
        Err(_) => Vec::new(),
    };
    Ok(Answer::ok(routes))
}
