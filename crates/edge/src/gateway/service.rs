//! A Worker's requests to another Worker of its account: a private socket for each pair, and the same way to a
//! process as a client's request has.
//!
//! The socket is the capability: who calls whom is known by the socket that a request comes in on, never by what
//! it says. Both Workers belong to the same account, so headers cross as they are but for those of one connection.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use http::{HeaderName, HeaderValue, Method, Request, Response};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Handle;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::assets::{Next, answer_or_route};
use super::body::{RequestBody, ResponseBody};
use super::config::{GatewayConfig, SERVICE_SHARD};
use super::directory::Directory;
use super::exchange::{count, finish};
use super::fault::Fault;
use super::forward::forward;
use super::headers::{Peer, inspect, prepare_service_request};
use super::host::{make_origin_form, requested_host};
use super::link::{Link, converse};
use super::request_id::RequestId;
use super::worker::{ACCEPT_PAUSE, Permit, TOO_MANY, Worker};
use crate::traffic::Tally;

/// Workers that a request may pass through before it counts as a loop, as long as each hands on what it was given.
/// Our own bound: more than anyone puts one behind another.
const MAX_DEPTH: u32 = 16;
/// Calls of one process to other Workers at once; one more is refused, so that Workers that call each other
/// without end and without handing anything on end too. Our own bound: a quarter of what one process serves.
const MAX_CALLS_AT_ONCE: usize = 1024;
/// Counts the Workers that a request passed through. Clients cannot send it: the gateway takes it out.
const DEPTH: HeaderName = HeaderName::from_static("x-coffer-depth");

/// What all calls of one process share.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    open: Arc<AtomicUsize>,
    config: Arc<GatewayConfig>,
}

impl Calls {
    /// None yet.
    pub(crate) fn new(request_id_seed: u64) -> Self {
        let config = GatewayConfig {
            max_connections: MAX_CALLS_AT_ONCE,
            request_id_seed,
            ..GatewayConfig::default()
        };
        Self {
            open: Arc::default(),
            config: Arc::new(config),
        }
    }

    /// Serves the calls that come in here until told to stop. `directory` finds one Worker, whatever host it is
    /// asked for.
    pub(crate) async fn serve(
        self,
        listener: UnixListener,
        directory: Arc<dyn Directory>,
        stop: CancellationToken,
    ) {
        let worker = Arc::new(Worker::new(
            SERVICE_SHARD,
            self.config,
            directory,
            Handle::current(),
            self.open,
        ));
        let mut sweep = interval(worker.config.sweep_every);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = sweep.tick(), if worker.is_busy() => worker.watches.sweep(),
                accepted = listener.accept() => {
                    accept(&worker, accepted.map(|(stream, _)| stream), &stop).await;
                }
            }
        }
        worker.cut.cancel();
    }
}

async fn accept(worker: &Arc<Worker>, accepted: io::Result<UnixStream>, stop: &CancellationToken) {
    let stream = match accepted {
        Ok(stream) => stream,
        Err(error) => {
            tracing::warn!(%error, "a call between Workers cannot be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            return;
        }
    };
    let Some(permit) = worker.admit() else {
        let _ = stream.try_write(TOO_MANY);
        return;
    };
    let (served, stop) = (serve(Arc::clone(worker), stream, permit), stop.clone());
    worker.track(async move {
        tokio::select! {
            () = served => {}
            () = stop.cancelled() => {}
        }
    });
}

async fn serve(worker: Arc<Worker>, stream: UnixStream, permit: Permit) {
    let watch = worker.watches.watch();
    let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let link = Arc::new(Link::new(worker, watch, Peer::new(nobody), permit));
    // The peer is a process of ours; how its connections end is not news.
    let _ = converse(link, stream, answer).await;
}

/// Answers one call, always.
async fn answer(link: Arc<Link>, request: Request<Incoming>) -> Response<ResponseBody> {
    let started_at = Instant::now();
    link.watch.request_began();
    let request_id = link.worker.request_ids.next();
    let mut tally = None;
    let response = match exchange(&link, request, request_id, started_at, &mut tally).await {
        Ok(response) => response,
        Err(fault) => fault
            .response(false, request_id)
            .map(|page| ResponseBody::page(page, link.watch.clone())),
    };
    link.watch.response_began();
    count(tally.as_deref(), response.status());
    response
}

async fn exchange(
    link: &Arc<Link>,
    request: Request<Incoming>,
    request_id: RequestId,
    started_at: Instant,
    tally: &mut Option<Arc<Tally>>,
) -> Result<Response<ResponseBody>, Fault> {
    let (mut parts, incoming) = request.into_parts();
    if parts.method == Method::CONNECT {
        return Err(Fault::UnsupportedMethod);
    }
    let findings = inspect(&parts)?;
    let depth = parts.headers.get(DEPTH);
    let depth = depth.and_then(|value| value.to_str().ok()?.parse::<u32>().ok());
    let depth = depth.unwrap_or(0).saturating_add(1);
    if depth > MAX_DEPTH {
        return Err(Fault::ServiceLoop);
    }
    let presence = {
        let host = requested_host(&parts.uri, &parts.headers).ok_or(Fault::InvalidHost)?;
        match answer_or_route(link, &parts, &host, request_id, tally).await? {
            Next::Answered(response) => return Ok(response),
            Next::Process(presence) => presence,
        }
    };
    make_origin_form(&mut parts).map_err(|_| Fault::UnsupportedRequest)?;
    let client_upgrade = if findings.websocket {
        parts.extensions.remove::<OnUpgrade>()
    } else {
        None
    };
    prepare_service_request(&mut parts, findings, request_id);
    parts.headers.insert(DEPTH, HeaderValue::from(depth));
    let (body, upload) = RequestBody::new(incoming, link.worker.config.max_body_bytes);
    let request = Request::from_parts(parts, body);
    let begun = forward(link, presence, request, upload.as_deref(), started_at).await?;
    finish(link, begun, upload, client_upgrade, request_id)
}
