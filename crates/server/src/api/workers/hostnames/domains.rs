//! `…/workers/domains`: the account's custom domains.

use axum::extract::{Path, State};
use coffer_engine::{DeployWorkers, Error, HostRules, Missing, Problem, ViewWorkers};
use coffer_protocol::hostnames::CustomDomain;
use coffer_types::limits::HOSTNAMES_PER_ACCOUNT;
use coffer_types::{WorkerHostId, WorkerName};
use serde::Deserialize;

use super::fields::Origin;
use crate::api::answer::Answer;
use crate::api::body::{Change, Json};
use crate::api::error::ApiResult;
use crate::api::page::Query;
use crate::api::permitted::Permitted;
use crate::app::App;

/// The custom domain of a path.
#[derive(Debug, Deserialize)]
pub(super) struct DomainPath {
    domain_id: String,
}

impl DomainPath {
    /// A text that is no id names none.
    fn id(&self) -> Result<WorkerHostId, Error> {
        self.domain_id.parse().map_err(|_| Missing::Hostname.into())
    }
}

/// A custom domain as clients attach it.
#[derive(Debug, Deserialize)]
pub(super) struct Attached {
    service: String,
    environment: Option<String>,
    #[serde(default)]
    override_existing_origin: bool,
    #[serde(flatten)]
    origin: Origin,
}

/// All that the parameters name, on one page: there are never more than fit one, and clients count pages from 0 or 1.
pub(super) async fn list(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    query: Query,
) -> ApiResult<Answer<Vec<CustomDomain>>> {
    let wanted = |name: &str, text: &str| query.value(name).is_none_or(|value| value == text);
    let mut domains = app.engine.custom_domains(&permit).await?;
    domains.retain(|domain| {
        wanted("service", domain.service.as_str())
            && wanted("hostname", domain.hostname.as_str())
            && wanted("environment", &domain.environment)
            && wanted("zone_id", &domain.zone_id.to_string())
            && wanted("zone_name", domain.zone_name.as_str())
    });
    let count = u32::try_from(domains.len()).unwrap_or(u32::MAX);
    let info = coffer_protocol::v4::PageInfo::new(
        1,
        count.max(HOSTNAMES_PER_ACCOUNT),
        domains.len(),
        count,
    );
    Ok(Answer::page(domains, info))
}

pub(super) async fn find(
    State(app): State<App>,
    Permitted(permit): Permitted<ViewWorkers>,
    Path(path): Path<DomainPath>,
) -> ApiResult<Answer<CustomDomain>> {
    let found = app.engine.custom_domain(&permit, path.id()?).await?;
    Ok(Answer::ok(found))
}

pub(super) async fn attach(
    State(app): State<App>,
    Change {
        permit,
        body: Json(asked),
    }: Change<DeployWorkers, Json<Attached>>,
) -> ApiResult<Answer<CustomDomain>> {
    let name: WorkerName = asked
        .service
        .parse()
        .map_err(|error| Error::invalid("/service", Problem::WorkerName(error)))?;
    if asked
        .environment
        .is_some_and(|environment| environment != "production")
    {
        let rule = "a Worker has one environment, production: leave environment away";
        return Err(Error::invalid("/environment", Problem::NotOffered(rule)).into());
    }
    let wanted = asked.origin.parsed(&app, "");
    let wanted = wanted.map_err(|problem| Error::Invalid(vec![problem]))?;
    let host = wanted.host.clone();
    let rules = HostRules {
        replace: false,
        move_from_others: asked.override_existing_origin,
    };
    let domains = app
        .engine
        .assign_hosts(&permit, name, vec![wanted], rules)
        .await?;
    let attached = domains.into_iter().find(|domain| domain.hostname == host);
    let attached = attached.ok_or(Error::NotFound(Missing::Hostname))?;
    Ok(Answer::ok(attached))
}

pub(super) async fn detach(
    State(app): State<App>,
    Path(path): Path<DomainPath>,
    Change { permit, body: () }: Change<DeployWorkers, ()>,
) -> ApiResult<Answer<()>> {
    app.engine.release_host(&permit, path.id()?).await?;
    Ok(Answer::null())
}
