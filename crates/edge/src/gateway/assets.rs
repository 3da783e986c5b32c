//! Static assets: answered here, before a process is asked for.

use std::sync::Arc;

use http::Response;
use http::request::Parts;

use super::body::ResponseBody;
use super::directory::AssetRoute;
use super::fault::Fault;
use super::headers::prepare_response;
use super::link::Link;
use super::request_id::RequestId;
use super::route::{admit, route, route_request};
use super::upstream::Presence;
use crate::assets::{Asked, Site};
use crate::traffic::Tally;

/// What is next for a request.
pub(super) enum Next {
    /// It is answered.
    Answered(Response<ResponseBody>),
    /// A process answers it.
    Process(Presence),
}

/// Answers a request with a file of the version that takes it, or finds the process that answers. `tally` becomes that
/// of the Worker, if there is one, also where the request fails.
pub(super) async fn answer_or_route(
    link: &Arc<Link>,
    parts: &Parts,
    host: &str,
    request_id: RequestId,
    tally: &mut Option<Arc<Tally>>,
) -> Result<Next, Fault> {
    let worker = &link.worker;
    let request = route_request(&parts.uri, &parts.headers, host);
    let Some(found) = worker.directory.assets(&request) else {
        let routed = route(worker, &parts.uri, &parts.headers, host).await;
        *tally = match &routed {
            Ok(presence) => Some(Arc::clone(presence.upstream().tally())),
            Err(_) => worker.directory.tally(&request),
        };
        return routed.map(Next::Process);
    };
    let AssetRoute {
        version_id,
        site,
        upstream,
        tally: of_worker,
    } = found;
    *tally = Some(of_worker);
    let site = match site {
        Some(site) => Some(site),
        None => {
            let directory = Arc::clone(&worker.directory);
            let loaded = worker
                .home
                .spawn(async move { directory.load_assets(version_id).await })
                .await;
            loaded.map_err(|_| Fault::AssetsUnavailable)?.map_err(|error| {
                tracing::warn!(version = %version_id, %error, "a version's assets cannot be read");
                Fault::AssetsUnavailable
            })?
        }
    };
    if let Some(site) = site
        && let Some(response) = respond(link, parts, host, &site, request_id).await?
    {
        return Ok(Next::Answered(response));
    }
    // The process of the same version, so that its files and its code are never of two.
    if let Some(upstream) = upstream
        && let Some(presence) = upstream.enter()
    {
        return admit(worker, presence).map(Next::Process);
    }
    route(worker, &parts.uri, &parts.headers, host)
        .await
        .map(Next::Process)
}

async fn respond(
    link: &Arc<Link>,
    parts: &Parts,
    host: &str,
    site: &Arc<Site>,
    request_id: RequestId,
) -> Result<Option<Response<ResponseBody>>, Fault> {
    let Some(target) = parts.uri.path_and_query() else {
        return Err(Fault::UnsupportedRequest);
    };
    if !target.path().starts_with('/') {
        return Err(Fault::UnsupportedRequest);
    }
    let asked = Asked {
        method: &parts.method,
        host,
        target,
        headers: &parts.headers,
    };
    let served = site.serve(&asked).await.map_err(|error| {
        tracing::warn!(%error, "an asset cannot be served");
        Fault::AssetsUnavailable
    })?;
    Ok(served.map(|mut response| {
        prepare_response(response.headers_mut(), false, request_id);
        response.map(|body| ResponseBody::asset(body, link.watch.clone()))
    }))
}
