//! `…/scripts/{script_name}/domains`: the custom domains of one Worker, all at once.

use axum::extract::{Path, State};
use coffer_engine::{DeployWorkers, Error, HostRules, WantedHost};
use coffer_protocol::hostnames::{CustomDomain, DomainChangeset};
use coffer_types::limits::HOSTNAMES_PER_ACCOUNT;
use serde::Deserialize;

use super::fields::{Origin, check_count, whole};
use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::workers::fields::ScriptPath;
use crate::app::App;

/// The host names that a Worker should have, and no other. What says how DNS records are treated is without effect.
#[derive(Debug, Deserialize)]
pub(super) struct Records {
    #[serde(default)]
    override_existing_origin: bool,
    origins: Vec<Origin>,
}

pub(super) async fn changeset(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    query: Query,
    Change {
        permit,
        body: Json(origins),
    }: Change<DeployWorkers, Json<Vec<Origin>>>,
) -> ApiResult<Answer<DomainChangeset>> {
    let name = path.name()?;
    app.engine.check_worker(&permit, &name).await?;
    let replace = query.flag("replace_state")?;
    let wanted = parsed(&app, "", &origins)?;
    let planned = app.engine.plan_hosts(&permit, &name, &wanted, replace);
    Ok(Answer::ok(planned.await?))
}

pub(super) async fn replace(
    State(app): State<App>,
    Path(path): Path<ScriptPath>,
    Change {
        permit,
        body: Json(asked),
    }: Change<DeployWorkers, Json<Records>>,
) -> ApiResult<Answer<Vec<CustomDomain>>> {
    let name = path.name()?;
    app.engine.check_worker(&permit, &name).await?;
    let wanted = parsed(&app, "/origins", &asked.origins)?;
    let rules = HostRules {
        replace: true,
        move_from_others: asked.override_existing_origin,
    };
    let domains = app.engine.assign_hosts(&permit, name, wanted, rules);
    Ok(Answer::ok(domains.await?))
}

fn parsed(app: &App, at: &str, origins: &[Origin]) -> Result<Vec<WantedHost>, Error> {
    check_count(at, origins.len(), HOSTNAMES_PER_ACCOUNT)?;
    let places = origins.iter().enumerate();
    let parsed = places.map(|(place, origin)| origin.parsed(app, &format!("{at}/{place}")));
    whole(parsed.collect(), |wanted| {
        (wanted.host.clone(), wanted.pointer.as_str())
    })
}
