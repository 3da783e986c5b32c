//! Where a deployed Worker answers: its own host, custom domains, routes, and by the clock.

use clap::Args;
use coffer_protocol::workers::Worker as WorkerShape;
use coffer_wrangler_config::{Config, Route, Zone};
use http::Method;
use serde_json::{Value, json};

use crate::api::{Answer, Body, segment};
use crate::failure::Failure;
use crate::worker::Worker;

/// Flags that say where and when.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Where it answers")]
pub(super) struct PlaceFlags {
    /// Routes, as example.com/api/*
    #[arg(long, visible_alias = "route", value_name = "PATTERN", num_args = 1..)]
    routes: Vec<String>,
    /// Custom domains
    #[arg(long, visible_alias = "domain", value_name = "HOST", num_args = 1..)]
    domains: Vec<String>,
    /// Cron triggers
    #[arg(long, visible_aliases = ["schedule", "schedules"], value_name = "CRON", num_args = 1..)]
    triggers: Vec<String>,
}

impl PlaceFlags {
    /// Gives the Worker its places, and the addresses of all of them.
    pub(super) async fn apply(
        &self,
        worker: &Worker,
        config: &Config,
        is_new: bool,
    ) -> Result<Vec<String>, Failure> {
        let routes = self.routes(config);
        let mut places = own_host(worker, config, &routes, is_new).await?;
        if let Some(routes) = &routes {
            places.extend(put_routes(worker, routes).await?);
        }
        let crons = match self.triggers.as_slice() {
            [] => config.crons.clone(),
            triggers => Some(triggers.to_vec()),
        };
        if let Some(crons) = crons {
            let schedules: Vec<_> = crons.iter().map(|cron| json!({ "cron": cron })).collect();
            write(worker, Method::PUT, "/schedules", &json!(schedules)).await?;
            places.extend(crons.iter().map(|cron| format!("cron: {cron}")));
        }
        Ok(places)
    }

    fn routes(&self, config: &Config) -> Option<Vec<Route>> {
        if self.routes.is_empty() && self.domains.is_empty() {
            return config.routes.clone();
        }
        let route = |pattern: &String, custom_domain| Route {
            pattern: pattern.clone(),
            zone: None,
            custom_domain,
        };
        let routes = self.routes.iter().map(|pattern| route(pattern, false));
        let domains = self.domains.iter().map(|host| route(host, true));
        Some(routes.chain(domains).collect())
    }
}

/// The Worker's own host: `workers_dev` decides; without it, it is used unless there are routes.
async fn own_host(
    worker: &Worker,
    config: &Config,
    routes: &Option<Vec<Route>>,
    is_new: bool,
) -> Result<Vec<String>, Failure> {
    let has_routes = routes.as_ref().is_some_and(|routes| !routes.is_empty());
    let enabled = config.workers_dev.unwrap_or(!has_routes);
    if is_new || config.workers_dev.is_some() || config.preview_urls.is_some() || !enabled {
        let mut state = json!({ "enabled": enabled });
        if let Some(previews) = config.preview_urls {
            state["previews_enabled"] = json!(previews);
        }
        write(worker, Method::POST, "/subdomain", &state).await?;
    }
    let path = worker.workers_path(&format!("/workers/{}", segment(worker.name().as_str())));
    let answer: Answer<WorkerShape> = worker.api().read(&path, &[]).await?;
    let subdomain = answer.result.subdomain;
    Ok(subdomain
        .url
        .filter(|_| subdomain.state.enabled)
        .into_iter()
        .collect())
}

async fn put_routes(worker: &Worker, routes: &[Route]) -> Result<Vec<String>, Failure> {
    let zone_name = |route: &Route| match &route.zone {
        Some(Zone::Name(name)) => Some(name.clone()),
        _ => None,
    };
    let (domains, patterns): (Vec<_>, Vec<_>) =
        routes.iter().partition(|route| route.custom_domain);
    let origins: Vec<_> = domains
        .iter()
        .map(|route| json!({ "hostname": route.pattern, "zone_name": zone_name(route) }))
        .collect();
    let records = json!({ "override_existing_origin": false, "origins": origins });
    write(worker, Method::PUT, "/domains/records", &records).await?;
    let asked: Vec<_> = patterns
        .iter()
        .map(|route| json!({ "pattern": route.pattern, "zone_name": zone_name(route) }))
        .collect();
    write(worker, Method::PUT, "/routes", &json!(asked)).await?;
    Ok(routes.iter().map(|route| route.pattern.clone()).collect())
}

async fn write(worker: &Worker, method: Method, path: &str, body: &Value) -> Result<(), Failure> {
    let path = worker.script_path(path);
    let written: Result<Answer<Value>, _> = worker
        .api()
        .write(method, &path, &[], Body::json(body))
        .await;
    written.map(|_| ()).map_err(|error| {
        Failure::from(error).after(format!(
            "the code of Worker {} is deployed, and where it answers could not be changed",
            worker.name()
        ))
    })
}
