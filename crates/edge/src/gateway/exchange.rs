//! One request: routed, sent, answered.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use tokio::time::Instant;

use super::assets::{Next, answer_or_route};
use super::body::{Lease, RequestBody, ResponseBody, Upload};
use super::fault::{Fault, prefers_html};
use super::forward::{Begun, forward};
use super::headers::{inspect, leave_out_of_indexes, prepare_request, prepare_response};
use super::host::{make_origin_form, requested_host};
use super::link::Link;
use super::observe::Observed;
use super::request_id::RequestId;
use super::tunnel;
use crate::traffic::Tally;

/// Answers one request of a client connection, always.
pub(super) async fn answer(link: Arc<Link>, request: Request<Incoming>) -> Response<ResponseBody> {
    let started_at = Instant::now();
    link.watch.request_began();
    let request_id = link.worker.request_ids.next();
    let html = prefers_html(request.headers());
    let observed = Observed::begin(link.worker.config.observer.as_ref(), &request);
    let mut tally = None;
    let response = match exchange(&link, request, request_id, started_at, &mut tally).await {
        Ok(response) => response,
        Err(fault) => fault
            .response(html, request_id)
            .map(|page| ResponseBody::page(page, link.watch.clone())),
    };
    link.watch.response_began();
    count(tally.as_deref(), response.status());
    let took = started_at.elapsed();
    let metrics = &link.worker.config.metrics;
    metrics.answered(response.status(), took);
    observed.end(response.status(), took);
    tracing::debug!(
        request_id = request_id.as_str(),
        status = response.status().as_u16(),
        took_us = took.as_micros(),
        "answered"
    );
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
    let (presence, unlisted) = {
        let host = requested_host(&parts.uri, &parts.headers).ok_or(Fault::InvalidHost)?;
        let only = link.worker.config.only_host.as_deref();
        let host = only.map_or(host, Cow::Borrowed);
        check_content_length(&parts, link.worker.config.max_body_bytes)?;
        let unlisted = link.worker.directory.is_unlisted(&host);
        match answer_or_route(link, &parts, &host, request_id, tally).await? {
            Next::Answered(response) => return Ok(listed(response, unlisted)),
            Next::Process(presence) => (presence, unlisted),
        }
    };
    make_origin_form(&mut parts).map_err(|_| Fault::UnsupportedRequest)?;
    if !parts.uri.path().starts_with('/') {
        return Err(Fault::UnsupportedRequest);
    }
    let client_upgrade = if findings.websocket {
        parts.extensions.remove::<OnUpgrade>()
    } else {
        None
    };
    prepare_request(&mut parts, findings, &link.peer, request_id);
    let (body, upload) = RequestBody::new(incoming, link.worker.config.max_body_bytes);
    let request = Request::from_parts(parts, body);
    let begun = forward(link, presence, request, upload.as_deref(), started_at).await?;
    let response = finish(link, begun, upload, client_upgrade, request_id)?;
    Ok(listed(response, unlisted))
}

/// Counts an answer to the requests of its Worker.
pub(super) fn count(tally: Option<&Tally>, status: StatusCode) {
    if let Some(tally) = tally {
        tally.count(status.is_server_error());
    }
}

fn listed(mut response: Response<ResponseBody>, unlisted: bool) -> Response<ResponseBody> {
    if unlisted {
        leave_out_of_indexes(response.headers_mut());
    }
    response
}

/// Makes the client's response of a Worker's.
pub(super) fn finish(
    link: &Arc<Link>,
    begun: Begun,
    upload: Option<Arc<Upload>>,
    client_upgrade: Option<OnUpgrade>,
    request_id: RequestId,
) -> Result<Response<ResponseBody>, Fault> {
    let Begun {
        mut response,
        presence,
        sender,
    } = begun;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        // Never asked for, so nobody could speak it.
        let client = client_upgrade.ok_or(Fault::ProcessDied)?;
        let upstream = hyper::upgrade::on(&mut response);
        prepare_response(response.headers_mut(), true, request_id);
        tunnel::open(link, presence, client, upstream);
        return Ok(response.map(|_| ResponseBody::page(Bytes::new(), link.watch.clone())));
    }
    prepare_response(response.headers_mut(), false, request_id);
    let lease = Lease {
        presence,
        shard: link.worker.shard,
        sender,
        upload,
    };
    Ok(response.map(|incoming| ResponseBody::worker(incoming, lease, link.watch.clone())))
}

fn check_content_length(parts: &Parts, max_bytes: u64) -> Result<(), Fault> {
    let length = parts.headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if length > max_bytes => Err(Fault::BodyTooLarge),
        _ => Ok(()),
    }
}
