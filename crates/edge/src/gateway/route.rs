//! From a host name to a process that takes the request.

use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, Uri};

use super::config::MAX_ROUTES_PER_REQUEST;
use super::directory::{Directory, RouteRequest, Upstream};
use super::fault::Fault;
use super::upstream::Presence;
use super::worker::Worker;

const VERSION_KEY: HeaderName = HeaderName::from_static("cloudflare-workers-version-key");
const VERSION_OVERRIDES: HeaderName =
    HeaderName::from_static("cloudflare-workers-version-overrides");

/// The process that answers this host, with the request counted in.
pub(super) async fn route(
    worker: &Worker,
    uri: &Uri,
    headers: &HeaderMap,
    host: &str,
) -> Result<Presence, Fault> {
    let request = route_request(uri, headers, host);
    if let Some(upstream) = worker.directory.ready_upstream(&request)
        && let Some(presence) = upstream.enter()
    {
        return admit(worker, presence);
    }
    route_anew(worker, uri, headers, host).await
}

/// As [`route`], but never the process that is only believed to be ready.
pub(super) async fn route_anew(
    worker: &Worker,
    uri: &Uri,
    headers: &HeaderMap,
    host: &str,
) -> Result<Presence, Fault> {
    let request = route_request(uri, headers, host);
    for _ in 0..MAX_ROUTES_PER_REQUEST {
        let upstream = ask(worker, request).await?;
        // Not let in: retired between the answer and now, so there is a new one.
        if let Some(presence) = upstream.enter() {
            return admit(worker, presence);
        }
    }
    Err(Fault::Overloaded)
}

pub(super) fn route_request<'a>(
    uri: &'a Uri,
    headers: &'a HeaderMap,
    host: &'a str,
) -> RouteRequest<'a> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    RouteRequest {
        host,
        target: uri.path_and_query().map_or("/", PathAndQuery::as_str),
        version_key: text(VERSION_KEY),
        version_overrides: text(VERSION_OVERRIDES),
    }
}

/// Counts a request into its process, unless there are too many.
pub(super) fn admit(worker: &Worker, presence: Presence) -> Result<Presence, Fault> {
    if presence.upstream().in_flight() > worker.config.max_in_flight_per_upstream {
        return Err(Fault::Overloaded);
    }
    Ok(presence)
}

/// Asks the directory on its own runtime: a process that is being started must neither end with the
/// request that wanted it first nor live on a thread that moves bytes.
async fn ask(worker: &Worker, request: RouteRequest<'_>) -> Result<Arc<Upstream>, Fault> {
    let directory = worker.directory.clone();
    let host = request.host.to_owned();
    let target = request.target.to_owned();
    let version_key = request.version_key.map(str::to_owned);
    let version_overrides = request.version_overrides.map(str::to_owned);
    let asked = worker.home.spawn(async move {
        let request = RouteRequest {
            host: &host,
            target: &target,
            version_key: version_key.as_deref(),
            version_overrides: version_overrides.as_deref(),
        };
        find(&*directory, request).await
    });
    match asked.await {
        Ok(found) => found,
        Err(error) => {
            tracing::error!(%error, "the directory failed to answer");
            Err(Fault::VersionStart)
        }
    }
}

async fn find(
    directory: &dyn Directory,
    request: RouteRequest<'_>,
) -> Result<Arc<Upstream>, Fault> {
    directory.upstream(request).await.map_err(|error| {
        // Quoted: a version's own words may be in it.
        tracing::debug!(host = request.host, error = ?error.to_string(), "not routed");
        Fault::from(&error)
    })
}
